import { loadedName } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';

type Log = NonNullable<Report['kernelLog']>;
export type LogEvent = Log['events'][number]['event'];

/** The kernel log's events of each patch, in their order, by the name that the kernel gives the module. */
export interface KernelLog {
  readonly reachesBoot: boolean;
  readonly events: ReadonlyMap<string, readonly LogEvent[]>;
}

/** @returns null: no log was reported */
export function readKernelLog(log: Report['kernelLog']): KernelLog | null {
  if (log == null) return null;
  const events = new Map<string, LogEvent[]>();
  for (const { patch, event } of log.events) {
    const name = loadedName(patch);
    events.set(name, [...(events.get(name) ?? []), event]);
  }
  return { reachesBoot: log.reachesBoot, events };
}

const times = (events: readonly LogEvent[], event: LogEvent): number =>
  events.filter((one) => one === event).length;

/**
 * The patch came in once and was disabled once, with nothing else in between. A log that lost its first lines
 * may lack the former.
 */
export const showsDisabled = (events: readonly LogEvent[]): boolean =>
  /^(ENABLING )?(PATCHED )?UNPATCHING UNPATCHED$/.test(events.join(' '));

/** The patch was on the list: a load that was refused leaves `ENABLING` alone. */
export const wasListed = (events: readonly LogEvent[]): boolean =>
  events.some((event) => event !== 'ENABLING');

/** Its module was loaded and enabled more than once. */
export const cameTwice = (events: readonly LogEvent[]): boolean =>
  times(events, 'PATCHED') > 1 || times(events, 'UNPATCHED') > 1;
