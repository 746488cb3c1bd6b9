import {
  type Declaration,
  explainFinding,
  lint,
  loadedName,
  type Severity,
  severityOf,
} from '@klpreg/compat';
import type { PatchFacts } from './generated/operations.js';

/** A finding, for a person. */
export interface Found {
  readonly code: string;
  readonly severity: Severity;
  readonly text: string;
}

/**
 * A published build in the form that the lint takes. What GraphQL does not have is left out, so that its
 * findings do not come up: entries behind an id 0, malformed symbols, the spelling of objects, signatures.
 */
const declarationOf = (patch: PatchFacts): Declaration => ({
  buildId: patch.buildId,
  name: loadedName(patch.name),
  release: patch.release,
  owner: patch.owner,
  kernelRelease: patch.kernelRelease,
  arch: patch.arch,
  livepatch: true,
  replace: patch.replace,
  states: patch.states?.map(({ id, version }) => ({ id: BigInt(id), version })) ?? null,
  callbacks: patch.callbacks,
  usesShadowVariables: patch.impactReasons.some((reason) => reason.startsWith('SHADOW_VARIABLES')),
  impact: patch.impact,
  impactReasons: patch.impactReasons,
  functions: patch.objects.flatMap((object) =>
    object.functions.map(({ name, sympos }) => `${object.name}:${name},${sympos === '0' ? '1' : sympos}`),
  ),
  author: patch.author && {
    ...patch.author,
    evidence: patch.author.evidence,
    states: patch.author.states.map((state) => ({ ...state, id: BigInt(state.id) })),
  },
});

/** The builds of the series that were published before, oldest first. */
export const buildsBefore = (patch: PatchFacts, siblings: readonly PatchFacts[]): PatchFacts[] =>
  siblings
    .filter(
      ({ buildId, arch, publishedAt }) =>
        buildId !== patch.buildId && arch === patch.arch && publishedAt < patch.publishedAt,
    )
    .sort((a, b) => a.publishedAt.localeCompare(b.publishedAt));

/** Reviews a build, and compares it with the one before. */
export function lintPatch(patch: PatchFacts, before: PatchFacts | undefined): Found[] {
  return lint(declarationOf(patch), before === undefined ? [] : [declarationOf(before)]).map((finding) => ({
    code: finding.code,
    severity: severityOf(finding),
    text: explainFinding(finding),
  }));
}
