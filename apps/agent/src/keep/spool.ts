import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Heartbeat, Report } from '@klpreg/wire';
import { listFolder, readText } from '../read/attribute.js';
import { makeFolder, syncFolder, writeDurably } from './durable.js';

/** A document on its way. */
export type Letter = { readonly kind: 'report'; readonly document: Report } | { readonly kind: 'heartbeat'; readonly document: Heartbeat };

/** How many letters wait at most. Heartbeats go first, the oldest before the others; a report never goes. */
const MOST_LETTERS = 500;
const MOST_REFUSED = 20;
const LONGEST = 64 << 20;

// sorted by name is sorted by sequence: 16 digits hold every safe integer
const fileOf = ({ kind, document }: Letter): string => `${String(document.sequence).padStart(16, '0')}.${kind}.json`;
const FILE = /^[0-9]{16}\.(report|heartbeat)\.json$/;

const namesIn = (folder: string): string[] => (listFolder(folder) ?? []).map((entry) => entry.name).filter((name) => FILE.test(name));
const spoolOf = (home: string): string => join(home, 'spool');

/**
 * Puts a letter where it outlives the program, before anybody tries to send it.
 *
 * @returns false where the spool is full of reports: none of them goes for a new one, and the host's present is reported when the registry is back anyway
 */
export function enqueue(home: string, letter: Letter, most = MOST_LETTERS): boolean {
  const folder = spoolOf(home);
  makeFolder(folder);
  const waiting = namesIn(folder);
  const heartbeats = waiting.filter((name) => name.includes('.heartbeat.'));
  const excess = waiting.length + 1 - most;
  for (const name of heartbeats.slice(0, Math.max(0, excess))) rmSync(join(folder, name), { force: true });
  if (excess > heartbeats.length) return false;
  writeDurably(join(folder, fileOf(letter)), JSON.stringify(letter.document));
  return true;
}

/** What waits, oldest first. A file that is no letter of ours is set aside. */
export function waiting(home: string, warn: (text: string) => void): Letter[] {
  const folder = spoolOf(home);
  return namesIn(folder).flatMap((name) => {
    const kind = FILE.exec(name)![1] as Letter['kind'];
    try {
      const text = readText(join(folder, name), LONGEST);
      // another agent has just sent it
      if (text === null) return [];
      const document: unknown = JSON.parse(text);
      return [kind === 'report' ? { kind, document: Report.parse(document) } : { kind, document: Heartbeat.parse(document) }];
    } catch {
      warn(`${join(folder, name)}: is not a letter of this agent; set aside`);
      setAside(home, name);
      return [];
    }
  });
}

/** The letter has arrived. */
export const dequeue = (home: string, letter: Letter): void => rmSync(join(spoolOf(home), fileOf(letter)), { force: true });

function setAside(home: string, name: string): void {
  const refused = join(home, 'refused');
  makeFolder(refused);
  try {
    renameSync(join(spoolOf(home), name), join(refused, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  syncFolder(refused);
  for (const old of namesIn(refused).slice(0, -MOST_REFUSED)) rmSync(join(refused, old), { force: true });
}

/** The registry will never take this letter: it is kept for a person to look at (the last 20), and stands in nobody's way. */
export const refuse = (home: string, letter: Letter): void => setAside(home, fileOf(letter));
