import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { Heartbeat, Report } from '@klpreg/wire';
import { listFolder, readText } from '../read/attribute.js';
import { makeFolder, removeFile, syncFolder, unwritable, writeDurably } from './durable-files.js';

/** A document on its way. */
export type Message = { readonly kind: 'report'; readonly document: Report } | { readonly kind: 'heartbeat'; readonly document: Heartbeat };

/** How many messages wait at most. Heartbeats go first, the oldest before the others; a report never goes. */
const MAX_MESSAGES = 500;
const MAX_REFUSED = 20;
const MAX_BYTES = 64 << 20;

// sorted by name is sorted by sequence: 16 digits hold every safe integer
const fileOf = ({ kind, document }: Message): string => `${String(document.sequence).padStart(16, '0')}.${kind}.json`;
const FILE = /^[0-9]{16}\.(report|heartbeat)\.json$/;

const namesIn = (folder: string): string[] => (listFolder(folder) ?? []).map((entry) => entry.name).filter((name) => FILE.test(name));
const spoolOf = (directory: string): string => join(directory, 'spool');

/**
 * Removes the newest document that waits if it is a heartbeat that says the same as this one, earlier.
 *
 * The registry learns nothing from it, and after an outage of hours it would have hundreds of them to answer, from each host.
 */
function dropRepeated(folder: string, { kind, document }: Message): void {
  const last = namesIn(folder).at(-1);
  if (kind !== 'heartbeat' || last === undefined || !last.endsWith('.heartbeat.json') || last >= fileOf({ kind, document })) return;
  const before = readDocument(join(folder, last), 'heartbeat');
  if (before?.kind !== 'heartbeat') return;
  if (before.document.digest === document.digest && before.document.bootId === document.bootId) removeFile(join(folder, last));
}

/** @returns undefined if it is not a document of ours; null if it is not there */
function readDocument(file: string, kind: Message['kind']): Message | null | undefined {
  try {
    const text = readText(file, MAX_BYTES);
    if (text === null) return null;
    const document: unknown = JSON.parse(text);
    return kind === 'report' ? { kind, document: Report.parse(document) } : { kind, document: Heartbeat.parse(document) };
  } catch {
    return undefined;
  }
}

/**
 * Puts a message where it outlives the program, before anybody tries to send it.
 *
 * @returns false where the spool is full of reports: none of them goes for a new one, and the host's present is reported when the registry is back anyway
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

/** What waits, oldest first. A file that is no message of ours is set aside. */
export function waiting(directory: string, warn: (text: string) => void): Message[] {
  const folder = spoolOf(directory);
  return namesIn(folder).flatMap((name) => {
    const message = readDocument(join(folder, name), FILE.exec(name)![1] as Message['kind']);
    // null: another agent has just sent it
    if (message !== undefined) return message === null ? [] : [message];
    warn(`${join(folder, name)}: is not a letter of this agent; set aside`);
    setAside(directory, name);
    return [];
  });
}

/** The message has arrived. */
export const dequeue = (directory: string, message: Message): void => removeFile(join(spoolOf(directory), fileOf(message)));

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

/** The registry will never take this message: it is kept for a person to look at (the last 20), and stands in nobody's way. */
export const refuse = (directory: string, message: Message): void => setAside(directory, fileOf(message));
