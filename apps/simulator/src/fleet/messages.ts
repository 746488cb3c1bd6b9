import type { Setup } from './setup.js';

/** What differs between two messages of a host with the same content. */
export interface Envelope {
  readonly sequence: number;
  /** When the agent read the facts, in milliseconds since 1970. */
  readonly at: number;
  /** When the message is sent, in milliseconds since 1970; the default is `at`. */
  readonly sentAt?: number;
  /** The machine id of a clone, which replaces the host's own. */
  readonly machine?: string;
}

/** The facts of a host that its setup does not contain. */
export interface HostDetails {
  readonly instance: string;
  readonly bootId: string;
  readonly machine: string;
  readonly hostname: string;
  /** Canonical JSON. */
  readonly labels: string;
  /** A number in [0, 1), constant for each host. */
  readonly draw: number;
  /** Milliseconds since 1970. */
  readonly bootedAt: number;
  /** Milliseconds since 1970; null if the transition started before the run. */
  readonly transitionStartedAt: number | null;
}

/** A report without agent, sequence, digest and clock. */
export interface ReportContent {
  /** As sent. */
  readonly sent: string;
  /** The canonical JSON of which the digest is taken. It has the patch of an open transition only. */
  readonly canonical: string;
}

const DAY_MS = 86_400_000;
/** Every agent of the fleet has run since the boot of its host. */
const WATCHED = ',"watchedSinceMs":0';
const TASKS = ['java', 'qemu-system-x86', 'nfsd', 'kworker/u64:3', 'mysqld', 'md0_raid1'];

/** Writes the content of a report. It is in canonical form, except for the end of an open transition. */
export function reportContent({ kernel, transition, text }: Setup, host: HostDetails): ReportContent {
  const fields = [
    `"arch":"${kernel.arch}"`,
    `"bootId":"${host.bootId}"`,
    text.distribution,
    `"hostname":"${host.hostname}"`,
    `"instance":"${host.instance}"`,
    text.kernel,
    `"labels":${host.labels}`,
    `"machine":"${host.machine}"`,
  ];
  const start = `${text.before},"host":{${fields.join(',')}},${text.after},"transition":`;
  if (transition === null) return { sent: `${start}null${WATCHED}}`, canonical: `{${start}null${WATCHED}}` };
  return {
    sent: `${start}${writeTransition(transition.name, host)}${WATCHED}}`,
    canonical: `{${start}{"patch":"${transition.name}"}${WATCHED}}`,
  };
}

/** One task blocks the transition. */
function writeTransition(patch: string, { draw, bootedAt, transitionStartedAt }: HostDetails): string {
  const since = transitionStartedAt ?? bootedAt + Math.floor(draw * DAY_MS);
  const tasks = [
    { pid: 200 + Math.floor(draw * 30_000), comm: TASKS[Math.floor(draw * TASKS.length)]!, patchState: 0 },
  ];
  return JSON.stringify({ patch, since: new Date(since).toISOString(), tasks, moreTasks: 0 });
}

const writeClock = (bootedAt: number, { at, sentAt = at }: Envelope): string =>
  `{"wall":"${new Date(at).toISOString()}","observedMs":${at - bootedAt},"sentMs":${sentAt - bootedAt}}`;

export function writeReport(
  content: ReportContent,
  digest: string,
  bootedAt: number,
  envelope: Envelope,
): string {
  const clock = writeClock(bootedAt, envelope);
  const start = `"agent":{"version":"0.1.0"},"sequence":${envelope.sequence}`;
  return `{${start},"digest":"${digest}","clock":${clock},${content.sent}`;
}

export function writeHeartbeat(
  instance: string,
  bootId: string,
  digest: string,
  bootedAt: number,
  envelope: Envelope,
): string {
  const host = `"instance":"${instance}","bootId":"${bootId}","sequence":${envelope.sequence}`;
  const clock = writeClock(bootedAt, envelope);
  return `{"schema":"heartbeat/v1",${host},"digest":"${digest}","clock":${clock}}`;
}
