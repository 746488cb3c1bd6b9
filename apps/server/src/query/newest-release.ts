import { isWorse } from '@klpreg/compat';
import { RequestError } from '../errors.js';
import type { FleetAnswer } from './fleet.js';
import type { JudgedSituation } from './reason-counts.js';

/** The hosts of an answer that go to the same release; null: the target is not a release. */
export interface PlannedPart {
  readonly release: string | null;
  readonly answer: FleetAnswer;
}

/** The least severe answer for a situation that no release served yet. */
interface Best {
  readonly part: PlannedPart;
  readonly judged: JudgedSituation;
}

/** An answer that is split by release. */
export interface ByRelease {
  readonly parts: readonly PlannedPart[];
  /** Releases that cannot be a target. */
  readonly skipped: readonly string[];
}

const isServed = ({ verdict }: JudgedSituation): boolean => verdict.accepted;

/**
 * Splits an answer by the newest release that each situation can take. Situations that can take none are with
 * the release that has the least severe answer, of equals the newest.
 *
 * @param releases the newest first
 * @throws RequestError if none of the releases can be a target
 */
export async function byNewestRelease(
  answer: FleetAnswer,
  releases: readonly string[],
  retarget: (open: FleetAnswer, release: string) => Promise<FleetAnswer>,
): Promise<ByRelease> {
  const parts: PlannedPart[] = [];
  const skipped: string[] = [];
  const best = new Map<object, Best>();
  let open = answer;
  let tries = 0;
  for (const release of releases) {
    const tried = await orNull(retarget(open, release));
    if (tried === null) {
      skipped.push(release);
      continue;
    }
    tries += 1;
    const part = { release, answer: tried };
    parts.push({ release, answer: only(tried, isServed) });
    open = only(tried, (judged) => !isServed(judged));
    for (const judged of open.situations) {
      const known = best.get(judged.count);
      if (known === undefined || isWorse(known.judged.verdict.kind, judged.verdict.kind))
        best.set(judged.count, { part, judged });
    }
    if (open.situations.length === 0) break;
  }
  if (tries === 0) throw new RequestError('NOT_FOUND', 'no release is published that can be a target');
  const left = new Map(open.situations.map(({ count }) => [count as object, best.get(count)!.part]));
  for (const part of new Set(left.values()))
    parts.push({ ...part, answer: only(part.answer, ({ count }) => left.get(count) === part) });
  return { parts: parts.filter((part) => part.answer.situations.length > 0), skipped };
}

/** Null if the release cannot be a target, because it has two builds for a kernel. */
async function orNull(tried: Promise<FleetAnswer>): Promise<FleetAnswer | null> {
  try {
    return await tried;
  } catch (error) {
    if (error instanceof RequestError && error.code === 'AMBIGUOUS') return null;
    throw error;
  }
}

/** Returns the answer for some of its situations. Its sums stay those of all. */
function only(answer: FleetAnswer, isWanted: (judged: JudgedSituation) => boolean): FleetAnswer {
  const situations = answer.situations.filter(isWanted);
  const keys = new Set(situations.map(({ count }) => count.freshnessKey));
  const cohorts = answer.cohorts?.filter(({ freshnessKey }) => keys.has(freshnessKey)) ?? null;
  return { ...answer, situations, cohorts };
}
