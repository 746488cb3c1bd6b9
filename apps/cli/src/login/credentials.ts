import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { secretObjection } from '@klpreg/connection';
import type { Environment } from '../environment.js';
import { usage } from '../exits.js';
import { configurationFolder } from '../settings.js';
import { lock } from './lock.js';

/** A sign-in at the issuer of one registry. */
export interface Login {
  readonly issuer: string;
  readonly clientId: string;
  /** Who signed in, as the issuer names them. */
  readonly subject: string;
  /** The registry gets it as a bearer token. */
  readonly idToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Null: the issuer gave none. */
  readonly refreshToken: string | null;
}

/** By the URL of the registry. */
type Logins = Readonly<Record<string, Login>>;

const fileOf = (environment: Environment): string =>
  join(configurationFolder(environment), 'credentials.json');

/** Returns the sign-in for a registry. Null: there is none. @throws Failure 2 if others can read the file */
export const readLogin = (url: string, environment: Environment): Login | null =>
  read(fileOf(environment))[url] ?? null;

/**
 * Changes the sign-in for a registry. Other programs wait: an issuer ends a sign-in whose refresh token is
 * used twice.
 *
 * @param change gets the sign-in as it is now; null: there is none, or removes it. What it gives to `keep` is
 *   stored at once, and stays if the change fails
 */
export async function changeLogin(
  url: string,
  environment: Environment,
  change: (login: Login | null, keep: (login: Login) => void) => Promise<Login | null>,
): Promise<Login | null> {
  const file = fileOf(environment);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const unlock = await lock(`${file}.lock`);
  try {
    const { [url]: before = null, ...others } = read(file);
    const after = await change(before, (login) => write(file, { ...others, [url]: login }));
    if (after !== before) write(file, after === null ? others : { ...others, [url]: after });
    return after;
  } finally {
    unlock();
  }
}

function read(file: string): Logins {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw usage(`${file} cannot be read: ${(error as Error).message}`);
  }
  const objection = secretObjection(file);
  if (objection !== null) throw usage(`${file} is not used: it ${objection}`);
  try {
    const { logins } = JSON.parse(text) as { logins: Logins | null | undefined };
    if (typeof logins === 'object' && logins !== null && !Array.isArray(logins)) return logins;
  } catch {
    // not JSON, or without fields
  }
  throw usage(`${file} is damaged`, 'remove it, and sign in again: klpreg login');
}

/** Replaces the file as a whole, so that a crash leaves the old one or the new one. */
function write(file: string, logins: Logins): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify({ schemaVersion: 1, logins }, null, 2)}\n`, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}
