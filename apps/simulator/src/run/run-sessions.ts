import { setInterval } from 'node:timers/promises';
import type { Fleet } from '../fleet/fleet.js';
import type { Counters } from './counters.js';
import type { Endpoint } from './endpoint.js';
import { FleetEvents } from './fleet-events.js';
import { FaultyHosts } from './faulty-hosts.js';
import { HostSessions } from './host-sessions.js';
import type { Options } from './options.js';
import { SendQueue } from './send-queue.js';
import { sendMessages } from './send.js';

/** Used until the registry states an interval. */
const DEFAULT_INTERVAL_S = 60;
const TICK_MS = 20;

export interface SessionsRun {
  readonly fleet: Fleet;
  readonly endpoint: Endpoint;
  readonly counters: Counters;
  readonly options: Options;
  /** Stops the run. */
  readonly signal: AbortSignal;
  /** Receives a function that returns the number of messages that wait. */
  readonly onStart: (waiting: () => number) => void;
}

/**
 * Runs the sessions of all hosts until the signal is set or the time is over.
 *
 * At the end it waits for the requests in flight. Messages that are still queued are not sent.
 *
 * @returns the number of messages that are still queued
 */
export async function runSessions({
  fleet,
  endpoint,
  counters,
  options,
  signal,
  onStart,
}: SessionsRun): Promise<number> {
  const { speed, batch, connections, interval, minutes } = options;
  const startedAt = Date.now();
  const queue = new SendQueue();
  const intervalMs = ((interval ?? DEFAULT_INTERVAL_S) * 1000) / speed;
  const sessions = new HostSessions(fleet, queue, counters, {
    intervalMs,
    followsRegistry: interval === null,
    speed,
  });
  const events = new FleetEvents(fleet, sessions, options, counters, startedAt);
  const faulty = { clones: options.clones, faulty: options['faulty-hosts'], intervalMs };
  const faultyHosts = new FaultyHosts(fleet, sessions, queue, faulty, startedAt);
  sessions.start(startedAt);
  onStart(() => sessions.waiting);

  const sendLoop = async () => {
    for (;;) {
      const messages = await queue.take(Math.max(1, batch));
      if (messages.length === 0) return;
      const replies = await sendMessages(endpoint, fleet, messages, batch > 0, counters);
      for (const reply of replies) sessions.handleReply(reply, Date.now());
    }
  };
  const senders = Array.from({ length: connections }, sendLoop);
  const endsAt = minutes === null ? Infinity : startedAt + minutes * 60_000;
  const stopClock = new AbortController();
  const clock = async () => {
    for await (const _ of setInterval(TICK_MS, undefined, { signal: stopClock.signal })) {
      const now = Date.now();
      if (signal.aborted || now >= endsAt) return;
      events.tick(now);
      faultyHosts.tick(now);
      sessions.tick(now);
    }
  };
  try {
    await Promise.race([clock(), ...senders]);
  } finally {
    stopClock.abort();
    queue.close();
  }
  await Promise.all(senders);
  return sessions.waiting;
}
