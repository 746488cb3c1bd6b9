import { contentDigest, Report, type Heartbeat } from '@klpreg/wire';
import { monotonicMs } from './clock.js';
import { Failure } from './failure.js';
import type { Observation } from './observe.js';
import { VERSION } from './version.js';

/**
 * What is the report of this observation?
 *
 * @param sequence reserved on disk, or, for a report that is only shown, the next one
 * @param since when the open transition was first seen in this boot
 * @param watchedSinceMs on the monotonic clock: since when this agent has looked without a gap
 * @returns a document that the registry's own schema accepts
 * @throws Failure UNREADABLE where the tree says something that no report can carry
 */
export function writeReport(seen: Observation, sequence: number, since: string | null, watchedSinceMs: number): Report {
  const { wall, observedMs, transition, log: _log, ...facts } = seen;
  const open = transition === null ? null : { patch: transition.patch, since, tasks: transition.tasks, moreTasks: transition.moreTasks };
  const content = {
    schema: 'report/v1' as const,
    agent: { version: VERSION },
    sequence,
    clock: { wall, observedMs, sentMs: monotonicMs() },
    ...facts,
    watchedSinceMs,
    transition: open,
  };
  const report = Report.safeParse({ ...content, digest: contentDigest(content) });
  if (!report.success) {
    const issue = report.error.issues[0];
    throw new Failure('UNREADABLE', `the tree says what no report can carry: ${issue?.path.join('/')}: ${issue?.message}`);
  }
  return report.data;
}

/** What is the heartbeat that says "still as in that report"? */
export function writeHeartbeat(report: Report): Heartbeat {
  const { sequence, digest, clock, host } = report;
  return { schema: 'heartbeat/v1', instance: host.instance, bootId: host.bootId, sequence, digest, clock };
}
