import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import type { Report } from '@klpreg/wire';
import { Forbidden, readBytes } from './attribute.js';
import { isModuleName } from './sys-livepatch.js';

type Event = NonNullable<Report['kernelLog']>['events'][number];

/** What was read from the kernel log of a boot. */
export interface LogReading {
  /** Sequence number of the next record. */
  readonly next: number;
  /** All records since the boot were read. */
  readonly reachesBoot: boolean;
  /** The open transition after the last record. */
  readonly open: { readonly patch: string; readonly target: 0 | 1 } | null;
  readonly events: readonly Event[];
}

export const EMPTY: LogReading = { next: 0, reachesBoot: true, open: null, events: [] };

const DEVICE = (1 << 8) | 11;
const MAX_RECORD_BYTES = 1 << 14;
const MAX_FILE_BYTES = 16 << 20;
const MAX_RECORDS = 200_000;
const MAX_EVENTS = 1_000;
const ENDED = new Set(['EAGAIN', 'EWOULDBLOCK']);
/** Records were overwritten during the read, or one is too long. The next read continues after them. */
const LOST = new Set(['EPIPE', 'EINVAL']);

// Priority and facility, sequence, microseconds, flags and more; then the text.
const RECORD = /^(\d{1,6}),(\d{1,15}),\d+,[^;\n]*;livepatch: ([^\n]*)/;
const NUMBER = /^\d{1,6},(\d{1,15}),/;
const ENABLING = /^enabling patch '([^']+)'$/;
const STARTED = /^'([^']+)': (?:starting (patching|unpatching) transition|(patching|unpatching)\.\.\.)$/;
const COMPLETE = /^'([^']+)': (patching|unpatching) complete$/;
const FORCED = /^forcing remaining tasks to the (?:un)?patched state$/;

/** A reading in progress. */
type Draft = { -readonly [Key in keyof LogReading]: LogReading[Key] } & { readonly events: Event[] };

/**
 * Adds one message of `kernel/livepatch`, in the wording of 4.12 to 7.3.
 *
 * A reversal is logged at debug level only. It shows as
 * the start of the opposite transition while one is open.
 */
function addMessage(log: Draft, message: string): void {
  const add = (patch: string, event: Event['event']): void => {
    if (isModuleName(patch)) log.events.push({ patch, event });
  };
  const enabling = ENABLING.exec(message)?.[1];
  if (enabling !== undefined) return add(enabling, 'ENABLING');

  const [, started, now, old] = STARTED.exec(message) ?? [];
  if (started !== undefined) {
    const target = (now ?? old) === 'patching' ? 1 : 0;
    if (log.open?.patch === started && log.open.target !== target) add(started, 'REVERSED');
    else if (target === 0) add(started, 'UNPATCHING');
    log.open = { patch: started, target };
  }
  const [, done, how] = COMPLETE.exec(message) ?? [];
  if (done !== undefined) {
    add(done, how === 'patching' ? 'PATCHED' : 'UNPATCHED');
    log.open = null;
  }
  if (FORCED.test(message) && log.open !== null) add(log.open.patch, 'FORCED');
}

/**
 * Adds records to a reading. Skips records that it has already, and detects a gap.
 *
 * @param records in the format of `/dev/kmsg`; null stands for overwritten records
 * @see Documentation/ABI/testing/dev-kmsg
 */
export function addRecords(before: LogReading, records: Iterable<string | null>): LogReading {
  const log: Draft = { ...before, events: [...before.events] };
  for (const record of records) {
    const sequence = record === null ? null : NUMBER.exec(record)?.[1];
    if (sequence === null) log.reachesBoot = false;
    if (sequence == null || Number(sequence) < log.next) continue;
    if (Number(sequence) > log.next) log.reachesBoot = false;
    log.next = Number(sequence) + 1;
    const [, priority, , message] = RECORD.exec(record!) ?? [];
    // Facility 0 is the kernel. Programs cannot write it.
    if (message !== undefined && Number(priority) < 8) addMessage(log, message);
  }
  const excess = log.events.length - MAX_EVENTS;
  return excess <= 0 ? log : { ...log, reachesBoot: false, events: log.events.slice(excess) };
}

function* recordsOf(path: string): Generator<string | null> {
  const descriptor = openSync(
    path,
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW,
  );
  const buffer = Buffer.allocUnsafe(MAX_RECORD_BYTES);
  try {
    for (let count = 0; count < MAX_RECORDS; count += 1) {
      try {
        const size = readSync(descriptor, buffer, 0, buffer.length, null);
        if (size === 0) return;
        yield buffer.toString('latin1', 0, size);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined || (!ENDED.has(code) && !LOST.has(code))) throw error;
        if (ENDED.has(code)) return;
        yield null;
      }
    }
    yield null;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads the kernel log from the last position.
 *
 * @param path `/dev/kmsg`, or in a captured tree a file of its records
 * @returns null if it does not exist
 * @throws Forbidden, Failure UNREADABLE
 */
export function readKernelLog(path: string, before: LogReading): LogReading | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isCharacterDevice() || found.rdev !== DEVICE) {
    const text = readBytes(path, MAX_FILE_BYTES)?.toString('latin1');
    return text === undefined ? null : addRecords(before, text.split('\n'));
  }
  try {
    return addRecords(before, recordsOf(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') throw new Forbidden(path, code);
    throw error;
  }
}
