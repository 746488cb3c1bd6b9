import {
  applyRoutineChange,
  completeTransition,
  rolloutPosition,
  scheduledChanges,
  startRollout,
} from '../fleet/changes.js';
import type { Fleet } from '../fleet/fleet.js';
import { randomUnit } from '../fleet/random.js';
import type { Counters } from './counters.js';
import type { HostSessions } from './host-sessions.js';
import type { Options } from './options.js';
import { TimerWheel } from './timer-wheel.js';

const PURPOSE = { routine: 600, gone: 610, outage: 620, transition: 700 };
/** Shortest and longest transition. */
const TRANSITION_MS = [5_000, 90_000] as const;
/** Share of the rollout's hosts on which the modules of the replaced patches stay loaded. */
const KEEPS_MODULES = 0.03;
/** After an outage, the hosts reconnect within this time. */
const RECONNECT_WITHIN_MS = 500;

/**
 * Applies events to the fleet during a run: routine changes, the rollout, outages and hosts that are switched
 * off.
 *
 * The seed determines their schedule. An event waits, or is left out, while its host is disconnected or sends
 * a message.
 */
export class FleetEvents {
  private readonly rolloutStarts = new TimerWheel();
  private readonly transitionEnds = new TimerWheel();
  private readonly reconnections = new TimerWheel();
  private until = 0;
  private outages = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly sessions: HostSessions,
    private readonly options: Options,
    private readonly counters: Counters,
    private readonly startedAt: number,
  ) {
    const share = options['rollout-share'];
    if (share === 0) return;
    for (let n = 0; n < fleet.hosts; n++) {
      const position = rolloutPosition(fleet.seed, n, share);
      if (position === null) continue;
      this.rolloutStarts.add((options['rollout-after'] + position * options['rollout-minutes']) * 60_000, n);
    }
  }

  /** Applies the events that are due. */
  tick(now: number): void {
    const { seed, hosts } = this.fleet;
    // simulated time since the start of the run
    const until = (now - this.startedAt) * this.options.speed;
    for (const { host, draw } of scheduledChanges(
      seed,
      PURPOSE.routine,
      hosts,
      this.options.changes,
      this.until,
      until,
    ))
      this.apply(host, () => applyRoutineChange(this.fleet, host, now, draw));
    for (const { host } of scheduledChanges(seed, PURPOSE.gone, hosts, this.options.gone, this.until, until))
      this.switchOff(host);
    for (const n of this.rolloutStarts.take(until)) this.startRollout(n, now, until);
    for (const n of this.transitionEnds.take(until)) this.completeTransition(n, now, until);
    for (const n of this.reconnections.take(until)) this.sessions.reconnect(n);
    this.startOutage(until);
    this.until = until;
  }

  private apply(n: number, change: () => string | null): boolean {
    if (!this.sessions.isIdle(n)) return false;
    const event = change();
    if (event === null) return false;
    this.sessions.markChanged(n);
    this.counters.increment(this.counters.happened, event);
    return true;
  }

  private startRollout(n: number, now: number, until: number): void {
    if (!this.apply(n, () => (startRollout(this.fleet, n, now) ? 'TRANSITION_BEGUN' : null))) return;
    const draw = randomUnit(this.fleet.seed, PURPOSE.transition, n);
    if (draw < this.options['rollout-stalls']) this.counters.increment(this.counters.happened, 'STALLED');
    else this.transitionEnds.add(until + TRANSITION_MS[0] + draw * (TRANSITION_MS[1] - TRANSITION_MS[0]), n);
  }

  private completeTransition(n: number, now: number, until: number): void {
    const keepsModules = randomUnit(this.fleet.seed, PURPOSE.transition + 1, n) < KEEPS_MODULES;
    const completed = this.apply(n, () => {
      completeTransition(this.fleet, n, now, keepsModules);
      return 'TRANSITION_ENDED';
    });
    if (!completed) this.transitionEnds.add(until + 1_000, n);
  }

  private switchOff(n: number): void {
    if (!this.sessions.isIdle(n)) return;
    this.sessions.switchOff(n);
    this.counters.increment(this.counters.happened, 'GONE');
  }

  /** Disconnects a share of the hosts if the next outage is due, and schedules their reconnection. */
  private startOutage(until: number): void {
    const share = this.options['outage-share'];
    if (share === 0 || until < (this.outages + 1) * this.options['outage-every'] * 60_000) return;
    this.outages++;
    const endsAt = until + this.options['outage-minutes'] * 60_000;
    for (let n = 0; n < this.fleet.hosts; n++) {
      if (randomUnit(this.fleet.seed, PURPOSE.outage + this.outages, n) >= share || !this.sessions.isIdle(n))
        continue;
      this.sessions.disconnect(n);
      this.reconnections.add(
        endsAt + randomUnit(this.fleet.seed, PURPOSE.transition + 2, n) * RECONNECT_WITHIN_MS,
        n,
      );
      this.counters.increment(this.counters.happened, 'CUT_OFF');
    }
  }
}
