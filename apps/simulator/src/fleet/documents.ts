import type { Setup } from './setup.js';

/** When a document is written, and under which number. */
export interface Moment {
  readonly sequence: number;
  /** Milliseconds since 1970: when the host looked. */
  readonly at: number;
  /** When it is sent; left out: at once. */
  readonly sentAt?: number;
  /** Another machine that bears this host's id. */
  readonly machine?: string;
}

/** What a host says of itself, beside what it runs. */
export interface Speaker {
  readonly instance: string;
  readonly bootId: string;
  readonly machine: string;
  readonly hostname: string;
  /** In canonical form. */
  readonly labels: string;
  /** From 0 to 1, its own for ever. */
  readonly draw: number;
  /** Milliseconds since 1970. */
  readonly bootedAt: number;
  /** When its transition opened; null: before anybody looked. */
  readonly openedAt: number | null;
}

/** What a report says beside its envelope. */
export interface Content {
  /** As it is sent. */
  readonly sent: string;
  /** As the digest is taken of it: everything in order, and an open transition by its name alone. */
  readonly canonical: string;
}

const DAY_MS = 86_400_000;
/** Every agent has looked since the boot. */
const WATCHED = ',"watchedSinceMs":0';
const TASKS = ['java', 'qemu-system-x86', 'nfsd', 'kworker/u64:3', 'mysqld', 'md0_raid1'];

/** What does a host that runs this say? Its content is written in canonical form, whose only other part is the end. */
export function writeContent({ kernel, opening, text }: Setup, speaker: Speaker): Content {
  const { bootId, hostname, instance, labels, machine } = speaker;
  const host = `"host":{"arch":"${kernel.arch}","bootId":"${bootId}",${text.distribution},"hostname":"${hostname}","instance":"${instance}",${text.kernel},"labels":${labels},"machine":"${machine}"}`;
  const start = `${text.before},${host},${text.after},"transition":`;
  if (opening === null) return { sent: `${start}null${WATCHED}}`, canonical: `{${start}null${WATCHED}}` };
  return {
    sent: `${start}${writeTransition(opening.name, speaker)}${WATCHED}}`,
    canonical: `{${start}{"patch":"${opening.name}"}${WATCHED}}`,
  };
}

/** One task does not let go. */
function writeTransition(patch: string, { draw, bootedAt, openedAt }: Speaker): string {
  const since = openedAt ?? bootedAt + Math.floor(draw * DAY_MS);
  const tasks = [{ pid: 200 + Math.floor(draw * 30_000), comm: TASKS[Math.floor(draw * TASKS.length)]!, patchState: 0 }];
  return JSON.stringify({ patch, since: new Date(since).toISOString(), tasks, moreTasks: 0 });
}

const writeClock = (bootedAt: number, { at, sentAt = at }: Moment): string =>
  `{"wall":"${new Date(at).toISOString()}","observedMs":${at - bootedAt},"sentMs":${sentAt - bootedAt}}`;

/** A report as it goes over the wire. */
export const writeReport = (content: Content, digest: string, bootedAt: number, moment: Moment): string =>
  `{"agent":{"version":"0.1.0"},"sequence":${moment.sequence},"digest":"${digest}","clock":${writeClock(bootedAt, moment)},${content.sent}`;

/** A heartbeat as it goes over the wire. */
export const writeHeartbeat = (instance: string, bootId: string, digest: string, bootedAt: number, moment: Moment): string =>
  `{"schema":"heartbeat/v1","instance":"${instance}","bootId":"${bootId}","sequence":${moment.sequence},"digest":"${digest}","clock":${writeClock(bootedAt, moment)}}`;
