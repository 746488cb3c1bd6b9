import { beginRollout, changeQuietly, endTransition, occasions, placeInRollout } from '../fleet/changes.js';
import { unit } from '../fleet/chance.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Options } from './options.js';
import type { Tally } from './tally.js';
import type { Voices } from './voices.js';
import { Wheel } from './wheel.js';

const PURPOSE = { quiet: 600, gone: 610, outage: 620, transition: 700 };
/** A transition takes from five seconds to a minute and a half. */
const TRANSITION_MS = [5_000, 90_000] as const;
/** Of the hosts that got a new release: on so many the module of the old one stays loaded. */
const FORGETS = 0.03;
/** After an outage its hosts come back within so long. */
const HERD_MS = 500;

/** What happens to the fleet while it speaks: the same at the same moments for the same seed, as far as the hosts can tell it. */
export class Events {
  private readonly openings = new Wheel();
  private readonly endings = new Wheel();
  private readonly returns = new Wheel();
  private until = 0;
  private outages = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly voices: Voices,
    private readonly options: Options,
    private readonly tally: Tally,
    private readonly began: number,
  ) {
    const share = options['rollout-share'];
    if (share === 0) return;
    for (let n = 0; n < fleet.hosts; n++) {
      const place = placeInRollout(fleet.seed, n, share);
      if (place !== null) this.openings.add((options['rollout-after'] + place * options['rollout-minutes']) * 60_000, n);
    }
  }

  /** Lets everything happen that was to happen by now. */
  tick(now: number): void {
    const { seed, hosts } = this.fleet;
    // in the fleet's own time, which may go faster than ours
    const until = (now - this.began) * this.options.speed;
    for (const { host, chance } of occasions(seed, PURPOSE.quiet, hosts, this.options.changes, this.until, until))
      this.happen(host, () => changeQuietly(this.fleet, host, now, chance));
    for (const { host } of occasions(seed, PURPOSE.gone, hosts, this.options.gone, this.until, until)) this.goAway(host);
    for (const n of this.openings.take(until)) this.open(n, now, until);
    for (const n of this.endings.take(until)) this.end(n, now, until);
    for (const n of this.returns.take(until)) this.voices.restore(n);
    this.cutOff(until);
    this.until = until;
  }

  private happen(n: number, work: () => string | null): boolean {
    if (!this.voices.isIdle(n)) return false;
    const what = work();
    if (what === null) return false;
    this.voices.changed(n);
    this.tally.add(this.tally.happened, what);
    return true;
  }

  private open(n: number, now: number, until: number): void {
    if (!this.happen(n, () => (beginRollout(this.fleet, n, now) ? 'TRANSITION_BEGUN' : null))) return;
    const draw = unit(this.fleet.seed, PURPOSE.transition, n);
    if (draw < this.options['rollout-stalls']) this.tally.add(this.tally.happened, 'STALLED');
    else this.endings.add(until + TRANSITION_MS[0] + draw * (TRANSITION_MS[1] - TRANSITION_MS[0]), n);
  }

  private end(n: number, now: number, until: number): void {
    const forgets = unit(this.fleet.seed, PURPOSE.transition + 1, n) < FORGETS;
    const ended = this.happen(n, () => {
      endTransition(this.fleet, n, now, forgets);
      return 'TRANSITION_ENDED';
    });
    // its agent is just telling something else
    if (!ended) this.endings.add(until + 1_000, n);
  }

  private goAway(n: number): void {
    if (!this.voices.isIdle(n)) return;
    this.voices.leave(n);
    this.tally.add(this.tally.happened, 'GONE');
  }

  /** Every so many minutes a part of the fleet is cut off, and comes back all at once. */
  private cutOff(until: number): void {
    const share = this.options['outage-share'];
    if (share === 0 || until < (this.outages + 1) * this.options['outage-every'] * 60_000) return;
    this.outages++;
    const back = until + this.options['outage-minutes'] * 60_000;
    for (let n = 0; n < this.fleet.hosts; n++) {
      if (unit(this.fleet.seed, PURPOSE.outage + this.outages, n) >= share || !this.voices.isIdle(n)) continue;
      this.voices.silence(n);
      this.returns.add(back + unit(this.fleet.seed, PURPOSE.transition + 2, n) * HERD_MS, n);
      this.tally.add(this.tally.happened, 'CUT_OFF');
    }
  }
}
