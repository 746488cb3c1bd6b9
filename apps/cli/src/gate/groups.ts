import type { Cohort } from '../registry/generated/operations.js';

/** A cohort in the small form: what a pipeline reads of it. */
export interface Group {
  readonly hosts: number;
  readonly kind: string;
  readonly accepted: boolean;
  readonly errno: string | null;
  readonly route: string | null;
  /** Codes of the reasons that are no advisories. */
  readonly codes: readonly string[];
  /** Names of the listed patches, oldest first. */
  readonly runs: readonly string[];
  readonly kernelRelease: string | null;
  readonly arch: string | null;
  readonly labels: Cohort['labels'];
  readonly examples: readonly string[];
}

/** Returns the small form of a cohort. */
export const toGroup = ({ verdict, hosts, runs, kernelRelease, arch, labels, examples }: Cohort): Group => ({
  hosts,
  kind: verdict.kind,
  accepted: verdict.accepted,
  errno: verdict.errno,
  route: verdict.route,
  codes: [...new Set(verdict.reasons.filter(({ kind }) => kind !== 'ADVISORY').map(({ code }) => code))],
  runs: runs ?? [],
  kernelRelease,
  arch,
  labels,
  examples,
});
