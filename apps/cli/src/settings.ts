import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  configurationObjection,
  FileProblem,
  readTlsFiles,
  secretObjection,
  type TlsOptions,
} from '@klpreg/connection';
import { secondsIn } from '@klpreg/where';
import { parse, TomlError } from 'smol-toml';
import { usage } from './exits.js';
import { type Format, FORMATS } from './show/output.js';
import type { Environment } from './environment.js';

/** The registry, the token and the output format. */
export interface Settings {
  readonly url: string;
  readonly token: string | null;
  /** Whom the program trusts, and its client certificate. */
  readonly tls: TlsOptions;
  readonly output: Format;
  /** How long to wait for the answer to one request; null: as long as usual. */
  readonly timeoutMs: number | null;
  /** False: `output` is the default. */
  readonly outputGiven: boolean;
}

/** The flags of every command. */
export interface GlobalFlags {
  readonly url?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly output?: string;
  readonly timeout?: string;
  readonly config?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';
const KEYS = ['url', 'token', 'token_file', 'ca_file', 'cert_file', 'key_file', 'output'];

/** One source of settings. Undefined: it does not set this. */
interface Source {
  readonly name: string;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly output?: string | undefined;
}

/**
 * Merges the settings from the file, the environment and the flags. Later ones take precedence.
 *
 * A token file is read only if its token is used.
 */
export function settingsFrom(flags: GlobalFlags, environment: Environment): Settings {
  const variables: Source = {
    name: 'the environment',
    url: environment.env['KLPREG_URL'],
    token: environment.env['KLPREG_TOKEN'],
    tokenFile: environment.env['KLPREG_TOKEN_FILE'],
    caFile: environment.env['KLPREG_CA_FILE'],
    certFile: environment.env['KLPREG_CERT_FILE'],
    keyFile: environment.env['KLPREG_KEY_FILE'],
  };
  const sources = [fileSource(flags, environment), variables, { name: 'the flags', ...flags }].map(
    withoutBlanks,
  );
  const last = <K extends keyof Source>(key: K) =>
    sources.findLast((source) => source[key] !== undefined)?.[key];
  return {
    url: urlFrom(last('url') ?? DEFAULT_URL),
    token: tokenFrom(sources),
    tls: tlsFrom(last('caFile') ?? null, last('certFile') ?? null, last('keyFile') ?? null),
    output: formatFrom(last('output'), environment),
    timeoutMs: flags.timeout === undefined ? null : timeoutFrom(flags.timeout),
    outputGiven: last('output') !== undefined,
  };
}

/** Removes settings that are empty, such as a variable that is set to nothing. */
const withoutBlanks = (source: Source): Source =>
  Object.fromEntries(Object.entries(source).filter(([, value]) => value !== '')) as unknown as Source;

/** Returns the folder of the configuration and of the stored sign-ins. */
export const configurationFolder = ({ env, home }: Environment): string =>
  join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'klpreg');

function fileSource(flags: GlobalFlags, environment: Environment): Source {
  const path = flags.config ?? join(configurationFolder(environment), 'config.toml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (flags.config === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT')
      return { name: path };
    throw usage(`configuration ${path} cannot be read: ${(error as Error).message}`);
  }
  const found = parseToml(text, path);
  const unknown = Object.keys(found).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0)
    throw usage(
      `configuration ${path} has unknown keys: ${unknown.join(', ')}`,
      `allowed: ${KEYS.join(', ')}`,
    );
  const wrong = KEYS.find((key) => found[key] !== undefined && typeof found[key] !== 'string');
  if (wrong !== undefined) throw usage(`configuration ${path}: ${wrong} must be a string`);
  const keys = found as Record<string, string | undefined>;
  const { url, token, token_file: tokenFile, ca_file: caFile, output } = keys;
  const objection = configurationObjection(path) ?? (token === undefined ? null : secretObjection(path));
  if (objection !== null) throw usage(`configuration ${path} is not used: it ${objection}`);
  const { cert_file: certFile, key_file: keyFile } = keys;
  return { name: path, url, token, tokenFile, caFile, certFile, keyFile, output };
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError)
      throw usage(
        `configuration ${path} is not TOML: line ${error.line}, column ${error.column}: ` +
          `${error.message.split('\n')[0]}`,
      );
    throw error;
  }
}

function urlFrom(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usage(`'${text}' is not the URL of a registry`, `write a URL such as ${DEFAULT_URL}`);
  if (url.username !== '' || url.password !== '')
    throw usage('the URL of the registry must not contain a password', 'use a token');
  // People copy the address of the GraphQL endpoint.
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/graphql$/, '')}`;
}

function timeoutFrom(text: string): number {
  const length = secondsIn(text) ?? 0;
  if (length === 0 || length > 3600)
    throw usage(`--timeout: '${text}' is not a duration from 1s to 1h`, 'write a duration such as 90s or 5m');
  return length * 1000;
}

function tokenFrom(sources: readonly Source[]): string | null {
  const source = sources.findLast((each) => each.token !== undefined || each.tokenFile !== undefined);
  if (source === undefined) return null;
  if (source.token !== undefined && source.tokenFile !== undefined)
    throw usage(`${source.name}: both a token and a token file are set`, 'set one of them');
  const token = (source.token ?? readToken(source.tokenFile!)).trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw usage(
      `the token from ${source.tokenFile ?? source.name} is empty or has characters that a token cannot have`,
    );
  return token;
}

/** Returns the first line of the file. */
function readToken(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`token file ${path} cannot be read: ${(error as Error).message}`);
  }
  const objection = secretObjection(path);
  if (objection !== null) throw usage(`token file ${path} is not used: it ${objection}`);
  return text.split('\n', 1)[0] ?? '';
}

function tlsFrom(caFile: string | null, certFile: string | null, keyFile: string | null): TlsOptions {
  try {
    return readTlsFiles({ caFile, certFile, keyFile });
  } catch (error) {
    throw error instanceof FileProblem ? usage(error.message) : error;
  }
}

function formatFrom(wanted: string | undefined, environment: Environment): Format {
  if (wanted === undefined) return environment.stdout.isTTY ? 'table' : 'json';
  const format = FORMATS.find((each) => each === wanted);
  if (format === undefined)
    throw usage(`'${wanted}' is not an output format`, `write one of ${FORMATS.join(', ')}`);
  return format;
}
