import type { Heartbeat, Report } from '@klpreg/wire';
import type { Random } from '../../random.js';
import { idle, leftover, listed, running, sealed } from '../../registry.js';

/** A message as text, its kind, and its expected outcome. */
export interface SentMessage {
  readonly what: string;
  readonly kind: 'reports' | 'heartbeats';
  readonly text: string;
  /** A regular expression of the expected outcome. */
  readonly outcome: string;
}

/** Valid hostnames that programs and databases often handle wrongly. */
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

/** Makes a report with every field of the schema. */
export const fullReport = (hostname: string): Report =>
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

const withManyPatches = (hostname: string): Report =>
  idle(hostname, {
    livepatches: Array.from({ length: 500 }, (_, i) => listed(`many_${i}`, { stackOrder: i + 1 })),
  });
/** Reports that a host may send, one after the other. */
const CONTENTS: ((hostname: string) => Report)[] = [
  (hostname) => running(hostname, ['lab_r_1v1_a']),
  (hostname) => running(hostname, ['lab_r_1v2_a']),
  (hostname) => idle(hostname, { clock: { wall: '0001-01-01T00:00:00Z', observedMs: 0, sentMs: 1e13 } }),
  fullReport,
];

/** Hosts that send only valid messages, each newer than the last one of its host. */
export class ValidStream {
  private readonly hosts: { report: Report; sequence: number }[];
  /** The last message of each host. Its replay changes nothing. */
  readonly last: SentMessage[] = [];

  constructor(
    private readonly random: Random,
    count: number,
  ) {
    this.hosts = Array.from({ length: count }, (_, i) => ({
      report: i === 0 ? withManyPatches('many') : CONTENTS[0]!(i < NAMES.length ? NAMES[i]! : `good-${i}`),
      sequence: 0,
    }));
  }

  get ids(): string[] {
    return this.hosts.map(({ report }) => report.host.instance);
  }

  /** Returns the next messages of n different hosts. */
  round(n: number): SentMessage[] {
    const from = this.random.below(this.hosts.length);
    return Array.from({ length: n }, (_, i) => this.next((from + i) % this.hosts.length));
  }

  private next(n: number): SentMessage {
    const host = this.hosts[n]!;
    const known = host.sequence > 0;
    host.sequence += 1 + this.random.below(3);
    const turn = known ? this.random.below(4) : 3;
    if (turn >= 2 && known && n > 0) host.report = this.random.pick(CONTENTS)(host.report.host.hostname);
    const before = known ? (JSON.parse(this.last[n]!.text) as { digest: string }).digest : null;
    host.report = sealed({ ...host.report, sequence: host.sequence });
    const sent: SentMessage =
      turn < 2
        ? {
            what: 'a heartbeat',
            kind: 'heartbeats',
            text: JSON.stringify(heartbeatOf(host.report)),
            outcome: 'CONFIRMED',
          }
        : {
            what: 'a report',
            kind: 'reports',
            text: JSON.stringify(host.report),
            outcome: before === host.report.digest ? 'UNCHANGED' : 'STORED',
          };
    return (this.last[n] = sent);
  }
}

export const heartbeatOf = (
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
