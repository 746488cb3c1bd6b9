// What an agent keeps while its registry is away, and when it knocks again: the rules of apps/agent, without its files.

import { backoff } from '../dist/run/backoff.js';

/** `klpreg-agent.timer`: a round begins so long after the last one began, and up to so much later. Each leaves one letter in the spool. */
const ROUND_MS = 60_000;
const SPREAD_MS = 20_000;
/** `timeout`: so long a round tries, whatever its spool holds. The 500 letters that a spool holds at most are eight hours. */
export const ROUND_TRIES_MS = 30_000;
/** `send/deliver.ts`: so long a request takes at most; and at least, though its round has less time left. */
export const LONGEST_TRY_MS = 15_000;
const SHORTEST_TRY_MS = 10_000;

/** From the beginning of a round to that of the next. */
export const untilNextRound = (random = Math.random) => ROUND_MS + SPREAD_MS * random();

/** The time limit of a request, connecting included. */
export const timeLimit = (leftMs) => Math.min(LONGEST_TRY_MS, Math.max(SHORTEST_TRY_MS, leftMs));

/**
 * The pause before the same letter is tried again; null: its round has not so much time left, and the letter waits for the next one.
 *
 * @param turn 0 after the first failure of this letter
 * @param afterSeconds from `Retry-After`; null where it was not said
 */
export function pauseBefore(turn, afterSeconds, leftMs, random = Math.random) {
  const pause = backoff(turn, afterSeconds, random());
  return pause > leftMs ? null : pause;
}

/**
 * An agent at the instant when its registry is back.
 *
 * @returns how long ago each letter of its spool was written, the oldest first; and, in milliseconds from now: when it tries again in the round that is under way (null: that has given up,
 * or there is none), when that ends, and when the next one begins
 */
export function whenBack(awayMs, random = Math.random) {
  const rounds = [];
  let next = random() * untilNextRound(random);
  for (; next < awayMs; next += untilNextRound(random)) rounds.push(next);
  const written = rounds.map((at) => awayMs - at);
  const last = rounds.at(-1);
  const ends = (last ?? -ROUND_TRIES_MS) + ROUND_TRIES_MS;
  let tried = last ?? null;
  let turn = 0;
  // nobody listens there: each try fails at once
  for (; tried !== null && tried < awayMs; turn++) {
    const pause = pauseBefore(turn, null, ends - tried, random);
    tried = pause === null ? null : tried + pause;
  }
  return { written, turn, triesMs: tried === null ? null : tried - awayMs, endsMs: ends - awayMs, nextRoundMs: next - awayMs };
}

/** A document that was written some time ago, as it is sent: the time between is the time that it lay. */
export const stamped = (text, layMs) =>
  text.replace(/"observedMs":(\d+),"sentMs":\d+/, (_, observed) => `"observedMs":${observed},"sentMs":${Number(observed) + Math.max(0, layMs)}`);
