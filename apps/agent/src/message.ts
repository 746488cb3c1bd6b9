import { contentDigest, Report, type Heartbeat } from '@klpreg/wire';
import { monotonicMs } from './clock.js';
import { Failure } from './failure.js';
import type { Observation } from './observe.js';
import { VERSION } from './version.js';

/**
 * Builds the report of an observation.
 *
 * @param sequence the reserved number, or for `dump` the next one
 * @param since the instant at which the open transition was first seen in this boot
 * @param watchedSinceMs the first observation without a gap since, on the monotonic clock
 * @returns a valid report
 * @throws Failure UNREADABLE if the tree has a value that no report can carry
 */
export function writeReport(
  seen: Observation,
  sequence: number,
  since: string | null,
  watchedSinceMs: number,
): Report {
  const { wall, observedMs, transition, log: _log, ...facts } = seen;
  const open =
    transition === null
      ? null
      : { patch: transition.patch, since, tasks: transition.tasks, moreTasks: transition.moreTasks };
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
    throw new Failure(
      'UNREADABLE',
      `the tree has a value that no report can carry: ${issue?.path.join('/')}: ${issue?.message}`,
    );
  }
  return report.data;
}

/** Builds the heartbeat that confirms a report. */
export function writeHeartbeat(report: Report): Heartbeat {
  const { sequence, digest, clock, host } = report;
  return { schema: 'heartbeat/v1', instance: host.instance, bootId: host.bootId, sequence, digest, clock };
}
