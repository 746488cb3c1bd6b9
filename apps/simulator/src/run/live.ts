import { setInterval } from 'node:timers/promises';
import type { Fleet } from '../fleet/fleet.js';
import { deliver } from './deliver.js';
import { Events } from './events.js';
import { Liars } from './liars.js';
import type { Options } from './options.js';
import { Outbox } from './outbox.js';
import type { Road } from './post.js';
import type { Tally } from './tally.js';
import { Voices } from './voices.js';

/** Until a registry says how often it wants to hear of a host. */
const INTERVAL_S = 60;
const TICK_MS = 20;

/** A fleet that speaks. */
export interface Living {
  readonly fleet: Fleet;
  readonly road: Road;
  readonly tally: Tally;
  readonly options: Options;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told how many letters nobody has acknowledged, every now and then. */
  readonly watch: (waiting: () => number) => void;
}

/**
 * Every host speaks, again and again, until the signal or the time is up.
 *
 * What is under way then is waited for; what waits is not sent any more.
 *
 * @returns how many letters nobody has acknowledged
 */
export async function live({ fleet, road, tally, options, signal, watch }: Living): Promise<number> {
  const { speed, batch, connections, interval, minutes } = options;
  const began = Date.now();
  const outbox = new Outbox();
  const intervalMs = ((interval ?? INTERVAL_S) * 1000) / speed;
  const voices = new Voices(fleet, outbox, tally, intervalMs, interval === null, speed);
  const events = new Events(fleet, voices, options, tally, began);
  const liars = new Liars(fleet, voices, outbox, options.clones, options.liars, intervalMs, began);
  voices.begin(began);
  watch(() => voices.waiting);

  const relay = batch > 0;
  const carry = async () => {
    for (;;) {
      const letters = await outbox.take(Math.max(1, batch));
      if (letters.length === 0) return;
      for (const reply of await deliver(road, fleet, letters, relay, tally)) voices.hear(reply, Date.now());
    }
  };
  const carriers = Array.from({ length: connections }, carry);
  const until = minutes === null ? Infinity : began + minutes * 60_000;
  const ended = new AbortController();
  const clock = async () => {
    for await (const _ of setInterval(TICK_MS, undefined, { signal: ended.signal })) {
      const now = Date.now();
      if (signal.aborted || now >= until) return;
      events.tick(now);
      liars.tick(now);
      voices.tick(now);
    }
  };
  try {
    await Promise.race([clock(), ...carriers]);
  } finally {
    ended.abort();
    outbox.close();
  }
  await Promise.all(carriers);
  return voices.waiting;
}
