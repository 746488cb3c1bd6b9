import type { Situation } from '@klpreg/compat';
import type { HostDetail } from '../store/hosts/hosts.store.js';
import type { AgentFacts } from './generated/schema.js';
import { memoizedView } from './memoized-view.js';

/**
 * What verdicts can read of a report, and whether a report has it. Older agents and kernels lack some of it.
 */
const REPORTED: readonly (readonly [fact: string, isReported: (situation: Situation) => boolean])[] = [
  ['kernel.modules_disabled', ({ gates }) => gates.modulesDisabled !== null],
  ['kernel.ftrace_enabled', ({ gates }) => gates.ftraceEnabled !== null],
  ['module.sig_enforce', ({ capabilities }) => capabilities.signatureEnforced !== null],
  ['lockdown', ({ capabilities }) => capabilities.lockdown !== null],
  ['kernel symbols', ({ capabilities }) => capabilities.symbols !== null && capabilities.symbolsComplete],
  ['kernel build-id', ({ kernelBuildId }) => kernelBuildId !== null],
  ['taint', ({ tainted }) => tainted !== null],
  ['what the next boot loads', ({ boot }) => boot !== null],
  ['build-ids of patches', ({ list }) => list.every(({ buildId }) => buildId !== null)],
  ['replace of patches', ({ list }) => list.every(({ replace }) => replace !== null)],
  ['state of modules', ({ list }) => list.every(({ moduleState }) => moduleState !== null)],
  ['taint of modules', ({ list }) => list.every(({ moduleTaint }) => moduleTaint !== null)],
];

const notReportedIn = memoizedView((situation: Situation) =>
  REPORTED.flatMap(([fact, isReported]) => (isReported(situation) ? [] : fact)),
);

/** Returns the version of a host's agent, and what its report lacks. Null: it never reported. */
export const agentFacts = (
  { agentVersion }: Partial<HostDetail>,
  situation: Situation | undefined,
): AgentFacts | null =>
  situation === undefined || agentVersion === undefined
    ? null
    : {
        version: agentVersion,
        notReported: notReportedIn(situation),
      };
