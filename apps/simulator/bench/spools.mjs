// The spool and the retry rules of apps/agent, without its files.

import { backoff } from '../dist/run/backoff.js';

/**
 * `klpreg-agent.timer`: the time between the starts of two cycles, and its random addition. A cycle spools
 * one message.
 */
const CYCLE_MS = 60_000;
const SPREAD_MS = 20_000;
/**
 * `timeout`: the time in which a cycle sends its spool. The limit of 500 spooled messages is reached after
 * eight hours.
 */
export const CYCLE_LIMIT_MS = 30_000;
/**
 * `send/deliver.ts`: the longest time limit of a request. The shortest one applies even if the cycle ends
 * earlier.
 */
export const LONGEST_TRY_MS = 15_000;
const SHORTEST_TRY_MS = 10_000;

/** Returns the time from the start of a cycle to the start of the next one. */
export const untilNextCycle = (random = Math.random) => CYCLE_MS + SPREAD_MS * random();

/** Returns the time limit of a request, including its connection. */
export const timeLimit = (leftMs) => Math.min(LONGEST_TRY_MS, Math.max(SHORTEST_TRY_MS, leftMs));

/**
 * Returns the pause before a message is sent again; null if the cycle ends before. Then the message waits for
 * the next one.
 *
 * @param failures earlier failures of this message after the first one
 * @param retryAfterSeconds from `Retry-After`; null if the response has none
 */
export function pauseBefore(failures, retryAfterSeconds, leftMs, random = Math.random) {
  const pause = backoff(failures, retryAfterSeconds, random());
  return pause > leftMs ? null : pause;
}

/**
 * Returns the state of an agent at the end of an outage of its registry.
 *
 * `ages` has the age of each spooled message, oldest first. The other times are relative to the end of the
 * outage:
 * the next retry in the open cycle (null if it has no retry left), the end of that cycle, and the start of
 * the next one.
 */
export function agentAfterOutage(outageMs, random = Math.random) {
  const cycles = [];
  let next = random() * untilNextCycle(random);
  for (; next < outageMs; next += untilNextCycle(random)) cycles.push(next);
  const ages = cycles.map((at) => outageMs - at);
  const last = cycles.at(-1);
  const endsAt = (last ?? -CYCLE_LIMIT_MS) + CYCLE_LIMIT_MS;
  let retryAt = last ?? null;
  let failures = 0;
  // connections are refused: each try fails immediately
  for (; retryAt !== null && retryAt < outageMs; failures++) {
    const pause = pauseBefore(failures, null, endsAt - retryAt, random);
    retryAt = pause === null ? null : retryAt + pause;
  }
  const retryMs = retryAt === null ? null : retryAt - outageMs;
  return { ages, failures, retryMs, endsMs: endsAt - outageMs, nextCycleMs: next - outageMs };
}

/** Sets the send time of a message that waited in a spool. */
export const withSendTime = (text, waitedMs) =>
  text.replace(
    /"observedMs":(\d+),"sentMs":\d+/,
    (_, observed) => `"observedMs":${observed},"sentMs":${Number(observed) + Math.max(0, waitedMs)}`,
  );
