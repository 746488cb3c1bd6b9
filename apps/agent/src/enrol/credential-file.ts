import { join } from 'node:path';
import { makeFolder, writeDurably } from '../state/durable-files.js';
import { readRecord } from '../state/records.js';

/** The credential of this host, as it is stored. */
export interface StoredCredential {
  readonly credential: string;
  readonly serial: number;
  /** How long it is valid. */
  readonly lifeMs: number;
  /** When this host got it, on its own wall clock, which may be wrong. */
  readonly gotMs: number;
  /** The one before it, until this one was accepted once. */
  readonly previous: string | null;
}

const FILE = 'credential.json';

/** Returns the stored credential. Null if there is none: the key of the host gets another one. */
export const readCredential = (folder: string): StoredCredential | null =>
  readRecord<StoredCredential>(
    join(folder, FILE),
    ({ credential, serial, lifeMs, gotMs, previous }) =>
      typeof credential === 'string' &&
      /^[\w-]+$/.test(credential) &&
      Number.isSafeInteger(serial) &&
      Number.isFinite(lifeMs) &&
      Number.isFinite(gotMs) &&
      (previous === null || typeof previous === 'string'),
  );

/** Stores a credential atomically. Only the owner of the state directory can read it. */
export function keepCredential(folder: string, credential: StoredCredential): void {
  makeFolder(folder);
  writeDurably(join(folder, FILE), `${JSON.stringify(credential)}\n`);
}

/** Renewals of hosts that enrolled together are spread over this part of a credential's life. */
const SPREAD = 0.2;

/** How far a credential is in its life. */
export function ageOf(
  { lifeMs, gotMs }: StoredCredential,
  instance: string,
  now = Date.now(),
): 'FRESH' | 'DUE' | 'EXPIRED' {
  const age = now - gotMs;
  if (age >= lifeMs) return 'EXPIRED';
  const own = Number.parseInt(instance.slice(-4), 16) / 2 ** 16;
  // a negative age: the clock was set back
  return age < 0 || age >= lifeMs * (0.5 + SPREAD * own) ? 'DUE' : 'FRESH';
}
