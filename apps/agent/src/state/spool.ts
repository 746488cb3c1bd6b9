import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { Heartbeat, Report } from '@klpreg/wire';
import { listFolder, readText } from '../read/attribute.js';
import { makeFolder, removeFile, syncFolder, unwritable, writeDurably } from './durable-files.js';

/** A message to the registry. */
export type Message =
  | { readonly kind: 'report'; readonly document: Report }
  | { readonly kind: 'heartbeat'; readonly document: Heartbeat };

/** The maximum size of the spool. The oldest heartbeats are dropped first, reports never. */
const MAX_MESSAGES = 500;
const MAX_REFUSED = 20;
const MAX_BYTES = 64 << 20;

// 16 digits hold every safe integer, so the order of names is the order of sequence numbers.
const fileOf = ({ kind, document }: Message): string =>
  `${String(document.sequence).padStart(16, '0')}.${kind}.json`;
const FILE = /^[0-9]{16}\.(report|heartbeat)\.json$/;

const namesIn = (folder: string): string[] =>
  (listFolder(folder) ?? []).map((entry) => entry.name).filter((name) => FILE.test(name));
const spoolOf = (directory: string): string => join(directory, 'spool');

/**
 * Removes the newest waiting message if it is an earlier heartbeat with the same content.
 *
 * The registry learns nothing from it. After an outage of hours each host would send hundreds of them.
 */
function dropRepeated(folder: string, { kind, document }: Message): void {
  const last = namesIn(folder).at(-1);
  if (
    kind !== 'heartbeat' ||
    last === undefined ||
    !last.endsWith('.heartbeat.json') ||
    last >= fileOf({ kind, document })
  )
    return;
  const before = readDocument(join(folder, last), 'heartbeat');
  if (before?.kind !== 'heartbeat') return;
  if (before.document.digest === document.digest && before.document.bootId === document.bootId)
    removeFile(join(folder, last));
}

/** Reads a spooled message. Undefined if the file is not one; null if it does not exist. */
function readDocument(file: string, kind: Message['kind']): Message | null | undefined {
  try {
    const text = readText(file, MAX_BYTES);
    if (text === null) return null;
    const document: unknown = JSON.parse(text);
    return kind === 'report'
      ? { kind, document: Report.parse(document) }
      : { kind, document: Heartbeat.parse(document) };
  } catch {
    return undefined;
  }
}

/**
 * Writes a message to the spool, before it is sent.
 *
 * @returns false if the spool is full of reports; the present is then reported when the registry is back
 */
export function enqueue(directory: string, message: Message, most = MAX_MESSAGES): boolean {
  const folder = spoolOf(directory);
  makeFolder(folder);
  dropRepeated(folder, message);
  const waiting = namesIn(folder);
  const heartbeats = waiting.filter((name) => name.includes('.heartbeat.'));
  const excess = waiting.length + 1 - most;
  for (const name of heartbeats.slice(0, Math.max(0, excess))) removeFile(join(folder, name));
  if (excess > heartbeats.length) return false;
  writeDurably(join(folder, fileOf(message)), JSON.stringify(message.document));
  return true;
}

/** Returns the waiting messages, oldest first. A file that is not a message is set aside. */
export function waiting(directory: string, warn: (text: string) => void): Message[] {
  const folder = spoolOf(directory);
  return namesIn(folder).flatMap((name) => {
    const message = readDocument(join(folder, name), FILE.exec(name)![1] as Message['kind']);
    // Null: another agent has just sent it.
    if (message !== undefined) return message === null ? [] : [message];
    warn(`${join(folder, name)}: is not a message of this agent; set aside`);
    setAside(directory, name);
    return [];
  });
}

/** Removes a delivered message. */
export const dequeue = (directory: string, message: Message): void =>
  removeFile(join(spoolOf(directory), fileOf(message)));

function setAside(directory: string, name: string): void {
  const refused = join(directory, 'refused');
  makeFolder(refused);
  try {
    renameSync(join(spoolOf(directory), name), join(refused, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(refused, error);
  }
  syncFolder(refused);
  for (const old of namesIn(refused).slice(0, -MAX_REFUSED)) removeFile(join(refused, old));
}

/** Moves a message that the registry rejects to `refused/`, which keeps the last 20 for the operator. */
export const refuse = (directory: string, message: Message): void => setAside(directory, fileOf(message));
