import { bits, hex, unit } from '../fleet/chance.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Letter } from './deliver.js';
import type { Outbox } from './outbox.js';
import type { Voices } from './voices.js';
import { Wheel } from './wheel.js';

const PURPOSE = { clone: 800, liar: 810, machine: 820, turn: 830 };
const DAY_MS = 86_400_000;

/** Those who say what is not so: copies of a host that bear its id, and agents that are broken or worse. */
export class Liars {
  private readonly due = new Wheel();
  private readonly hosts: number[];
  private readonly clones: number;
  private turn = 0;

  /** @param clones share of the hosts that have a copy; @param liars share of those that lie */
  constructor(
    private readonly fleet: Fleet,
    private readonly voices: Voices,
    private readonly outbox: Outbox,
    clones: number,
    liars: number,
    private readonly intervalMs: number,
    now: number,
  ) {
    const draw = (purpose: number, share: number) =>
      Array.from({ length: Math.round(share * fleet.hosts) }, (_, at) => bits(fleet.seed, purpose, at) % fleet.hosts);
    const copied = draw(PURPOSE.clone, clones);
    this.clones = copied.length;
    this.hosts = [...copied, ...draw(PURPOSE.liar, liars)];
    for (const [at, n] of this.hosts.entries()) {
      voices.dispute(n);
      this.due.add(now + unit(fleet.seed, PURPOSE.turn, at) * intervalMs, at);
    }
  }

  tick(now: number): void {
    for (const at of this.due.take(now)) {
      this.due.add(now + this.intervalMs, at);
      this.outbox.put(at < this.clones ? this.clone(this.hosts[at]!, now) : this.lie(this.hosts[at]!, now, this.turn++));
    }
  }

  /** The copy reports as the host, from another machine. */
  private clone(n: number, now: number): Letter {
    return { host: n, kind: 'report', at: now, sequence: this.voices.nextSequence(n, now), machine: hex(this.fleet.seed, PURPOSE.machine, n, 8) };
  }

  private lie(n: number, now: number, turn: number): Letter {
    const { fleet } = this;
    const sequence = this.voices.nextSequence(n, now);
    const letter = { host: n, at: now, sequence };
    const report = () => fleet.reportText(n, { sequence, at: now });
    switch (turn % 4) {
      case 0:
        return {
          ...letter,
          kind: 'heartbeat',
          lie: { name: 'OLD_SEQUENCE', text: fleet.heartbeatText(n, { sequence: 1, at: now }), right: ['SUPERSEDED', 'REPORT_WANTED'] },
        };
      case 1:
        return {
          ...letter,
          kind: 'report',
          lie: { name: 'WRONG_DIGEST', text: report().replace(/"digest":"......../, '"digest":"00000000'), right: ['400 BAD_USER_INPUT'] },
        };
      case 2:
        return {
          ...letter,
          kind: 'report',
          lie: { name: 'MALFORMED', text: report().replace(/"hostname":"[^"]*"/, '"hostname":""'), right: ['400 BAD_USER_INPUT'] },
        };
      default: {
        const text = fleet.heartbeatText(n, { sequence, at: now, sentAt: now + 40 * DAY_MS }).replace(/"wall":"[^"]*"/, '"wall":"1970-01-01T00:00:00.000Z"');
        return { ...letter, kind: 'heartbeat', lie: { name: 'WRONG_CLOCK', text, right: ['CONFIRMED', 'REPORT_WANTED'] } };
      }
    }
  }
}
