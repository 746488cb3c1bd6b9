import type { Fleet } from '../fleet/fleet.js';
import { randomBits, randomHex, randomUnit } from '../fleet/random.js';
import type { HostSessions } from './host-sessions.js';
import type { SendQueue } from './send-queue.js';
import type { Fault, Message } from './send.js';
import { TimerWheel } from './timer-wheel.js';

const PURPOSE = { clone: 800, faulty: 810, machine: 820, turn: 830 };
const DAY_MS = 86_400_000;

export interface FaultyHostsOptions {
  /** Share of the hosts that have a clone. */
  readonly clones: number;
  /** Share of the hosts that also send faulty messages. */
  readonly faulty: number;
  readonly intervalMs: number;
}

/** Clones, which report with the id of another host, and agents that send faulty messages. */
export class FaultyHosts {
  private readonly timers = new TimerWheel();
  /** Clones first. */
  private readonly hosts: number[];
  private readonly clones: number;
  private readonly intervalMs: number;
  private faults = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly sessions: HostSessions,
    private readonly queue: SendQueue,
    { clones, faulty, intervalMs }: FaultyHostsOptions,
    now: number,
  ) {
    const draw = (purpose: number, share: number) =>
      Array.from(
        { length: Math.round(share * fleet.hosts) },
        (_, index) => randomBits(fleet.seed, purpose, index) % fleet.hosts,
      );
    const cloned = draw(PURPOSE.clone, clones);
    this.clones = cloned.length;
    this.hosts = [...cloned, ...draw(PURPOSE.faulty, faulty)];
    this.intervalMs = intervalMs;
    for (const [index, n] of this.hosts.entries()) {
      sessions.markSharedId(n);
      this.timers.add(now + randomUnit(fleet.seed, PURPOSE.turn, index) * intervalMs, index);
    }
  }

  tick(now: number): void {
    for (const index of this.timers.take(now)) {
      this.timers.add(now + this.intervalMs, index);
      const n = this.hosts[index]!;
      this.queue.push(
        index < this.clones ? this.cloneReport(n, now) : this.faultyMessage(n, now, this.faults++),
      );
    }
  }

  private cloneReport(n: number, now: number): Message {
    const machine = randomHex(this.fleet.seed, PURPOSE.machine, n, 8);
    return { host: n, kind: 'report', at: now, sequence: this.sessions.nextSequence(n, now), machine };
  }

  private faultyMessage(n: number, now: number, index: number): Message {
    const { fleet } = this;
    const sequence = this.sessions.nextSequence(n, now);
    const message = (kind: Message['kind'], fault: Fault): Message => ({
      host: n,
      kind,
      at: now,
      sequence,
      fault,
    });
    const report = () => fleet.reportText(n, { sequence, at: now });
    switch (index % 4) {
      case 0: {
        const text = fleet.heartbeatText(n, { sequence: 1, at: now });
        return message('heartbeat', {
          name: 'OLD_SEQUENCE',
          text,
          expected: ['SUPERSEDED', 'REPORT_WANTED'],
        });
      }
      case 1: {
        const text = report().replace(/"digest":"......../, '"digest":"00000000');
        return message('report', { name: 'WRONG_DIGEST', text, expected: ['400 BAD_USER_INPUT'] });
      }
      case 2: {
        const text = report().replace(/"hostname":"[^"]*"/, '"hostname":""');
        return message('report', { name: 'MALFORMED', text, expected: ['400 BAD_USER_INPUT'] });
      }
      default: {
        const text = fleet
          .heartbeatText(n, { sequence, at: now, sentAt: now + 40 * DAY_MS })
          .replace(/"wall":"[^"]*"/, '"wall":"1970-01-01T00:00:00.000Z"');
        return message('heartbeat', { name: 'WRONG_CLOCK', text, expected: ['CONFIRMED', 'REPORT_WANTED'] });
      }
    }
  }
}
