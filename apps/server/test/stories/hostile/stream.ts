import type { Heartbeat, Report } from '@klpreg/wire';
import { idle, leftover, listed, running, sealed } from '../../registry.js';

/** Chance that comes again with its seed. */
export class Chance {
  constructor(private state: number) {}

  /** From 0 to below n. */
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  one<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }

  shuffled<T>(things: readonly T[]): T[] {
    const placed = things.map((thing) => ({ thing, place: this.below(2 ** 30) }));
    return placed.toSorted((a, b) => a.place - b.place).map(({ thing }) => thing);
  }
}

/** A document as text, by which door it comes, and what must become of it. */
export interface Sent {
  readonly what: string;
  readonly door: 'reports' | 'heartbeats';
  readonly text: string;
  /** A pattern. */
  readonly outcome: string;
}

/** Lawful names at which databases and programs stumble. */
const NAMES = [
  'NULL',
  '{}',
  '"',
  '\\',
  "'; DROP TABLE host; --",
  '%',
  '😀',
  'constructor',
  '../../etc/passwd',
  '$1',
  'ＮＵＬＬ', // cspell:disable-line
  '\u202Etxt',
];
const U64_MAX = '18446744073709551615';
const reading = {
  evidence: 'LIVE',
  sha256: null,
  replace: true,
  unreadable: null,
  impact: 'DECLARED',
  callbacks: null,
} as const;

/** A report with every field that there is. */
export const full = (hostname: string): Report =>
  idle(hostname, {
    host: {
      labels: { role: 'web', constructor: 'x', toString: '' } as never,
      distribution: { id: 'debian', version: '13', name: 'Debian' },
      machine: 'a'.repeat(64) as never,
    },
    capabilities: { btf: { klpState: ['id', 'version'] } },
    livepatches: [
      listed('lab_r_1v1_a', {
        objects: [{ name: 'vmlinux', patched: true, functions: [{ name: 'meminfo_proc_show', sympos: 0 }] }],
        reading: {
          ...reading,
          callbacks: { prePatch: true, postPatch: false, preUnpatch: false, postUnpatch: false },
          states: [
            { id: U64_MAX, version: 4_294_967_295 },
            { id: '0', version: 0 },
          ],
        },
      }),
    ],
    leftovers: [{ ...leftover('lab_r_1v2_a'), reading: { ...reading, states: [{ id: '1', version: 1 }] } }],
    bootPersistence: {
      source: 'kpatch',
      kernelRelease: '7.3.4',
      loads: [{ name: 'lab_r_1v1_a', buildId: null }],
    } as never,
    transition: {
      patch: 'lab_r_1v1_a',
      since: '2026-11-23T09:00:00Z',
      tasks: [{ pid: 1, comm: 'init', patchState: -1 }],
      moreTasks: 0,
    } as never,
  });

const many = (hostname: string): Report =>
  idle(hostname, {
    livepatches: Array.from({ length: 500 }, (_, i) => listed(`many_${i}`, { stackOrder: i + 1 })),
  });
/** Contents that a host may have, one after the other. */
const CONTENTS: ((hostname: string) => Report)[] = [
  (hostname) => running(hostname, ['lab_r_1v1_a']),
  (hostname) => running(hostname, ['lab_r_1v2_a']),
  (hostname) => idle(hostname, { clock: { wall: '0001-01-01T00:00:00Z', observedMs: 0, sentMs: 1e13 } }),
  full,
];

/** Hosts that say only what is right: each document is newer than the last one of its host. */
export class GoodStream {
  private readonly hosts: { report: Report; sequence: number }[];
  /** The last document of each host; a replay of it changes nothing. */
  readonly last: Sent[] = [];

  constructor(
    private readonly chance: Chance,
    count: number,
  ) {
    this.hosts = Array.from({ length: count }, (_, i) => ({
      report: i === 0 ? many('many') : CONTENTS[0]!(i < NAMES.length ? NAMES[i]! : `good-${i}`),
      sequence: 0,
    }));
  }

  get ids(): string[] {
    return this.hosts.map(({ report }) => report.host.instance);
  }

  /** As many different hosts as asked for, each with its next document. */
  round(n: number): Sent[] {
    const from = this.chance.below(this.hosts.length);
    return Array.from({ length: n }, (_, i) => this.next((from + i) % this.hosts.length));
  }

  private next(n: number): Sent {
    const host = this.hosts[n]!;
    const known = host.sequence > 0;
    host.sequence += 1 + this.chance.below(3);
    const turn = known ? this.chance.below(4) : 3;
    if (turn >= 2 && known && n > 0) host.report = this.chance.one(CONTENTS)(host.report.host.hostname);
    const before = known ? (JSON.parse(this.last[n]!.text) as { digest: string }).digest : null;
    host.report = sealed({ ...host.report, sequence: host.sequence });
    const sent: Sent =
      turn < 2
        ? {
            what: 'a heartbeat',
            door: 'heartbeats',
            text: JSON.stringify(beat(host.report)),
            outcome: 'CONFIRMED',
          }
        : {
            what: 'a report',
            door: 'reports',
            text: JSON.stringify(host.report),
            outcome: before === host.report.digest ? 'UNCHANGED' : 'STORED',
          };
    return (this.last[n] = sent);
  }
}

export const beat = (
  { host, digest, sequence, clock }: Report,
  changes: Partial<Heartbeat> = {},
): Heartbeat => ({
  schema: 'heartbeat/v1',
  instance: host.instance,
  bootId: host.bootId,
  sequence,
  digest,
  clock,
  ...changes,
});
