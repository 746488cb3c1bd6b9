import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { FileProblem, readTlsFiles, secretObjection, type TlsFiles } from '@klpreg/connection';
import { Failure } from '../failure.js';
import { readText } from '../read/attribute.js';
import type { Settings } from '../settings.js';
import { looksLikeEnrolmentToken, readEnrolmentToken } from '../enrol/enrolment-token.js';
import { FIELDS, type Field, type FieldName } from './fields.js';
import { environmentLayer, fileLayers, flagLayer, type Layer } from './layers.js';

type Values = Layer['values'];

const OWN_ROOTS = { root: '/', sys: '/sys', proc: '/proc' } as const;

/**
 * Removes the identity of this machine from a configuration file that is used for another tree.
 *
 * Otherwise two trees would become one host.
 */
function ofAnotherTree({ source, values }: Layer): Layer {
  const kept = Object.entries(values).filter(([name]) => !(FIELDS[name as FieldName] as Field).ofTheHost);
  return { source, values: Object.fromEntries(kept) };
}

/** Secrets, each as a text or as the name of its file. */
const TOKENS = [
  ['token', 'token_file'],
  ['enrol_token', 'enrol_token_file'],
] as const;

/** Merges one source over earlier ones. Labels are joined, other settings are replaced. */
function lay(below: Values, { values: above }: Layer): Values {
  const kept: Values = { ...below };
  // A later token replaces an earlier one, also if one of them is a token file.
  for (const [text, file] of TOKENS)
    if (above[text] !== undefined || above[file] !== undefined) {
      delete kept[text];
      delete kept[file];
    }
  const labels = { ...(kept.labels as object | undefined), ...(above.labels as object | undefined) };
  return { ...kept, ...above, labels };
}

/** Reads a secret from its file. */
function readSecret([field, name]: (typeof TOKENS)[number], file: string): string {
  const text = (() => {
    try {
      return readText(file, 8_192, true);
    } catch (error) {
      throw new Failure('USAGE', `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  })();
  if (text === null) throw new Failure('USAGE', `${name}: ${file}: there is no such file`);
  const why = secretObjection(file);
  if (why !== null) throw new Failure('USAGE', `${name}: ${file}: ${why}`);
  const token = FIELDS[field].read(text.trim()) as string | undefined;
  if (token === undefined)
    throw new Failure('USAGE', `${name}: ${file}: found (not shown); allowed: ${FIELDS[field].allowed}`);
  return token;
}

/**
 * Returns the token of all messages, or how the host gets its own. An enrolment token may be in the place of
 * a token.
 */
function tokensOf(values: Values): Pick<Settings, 'token' | 'enrolment'> {
  const [given, enrol] = TOKENS.map((names) => {
    const [text, file] = names.map((name) => values[name] as string | undefined);
    return file === undefined ? text : readSecret(names, file);
  });
  const inPlace = given !== undefined && looksLikeEnrolmentToken(given);
  const enrolment = inPlace ? given : enrol;
  const read = enrolment === undefined ? null : readEnrolmentToken(enrolment);
  if (read === undefined)
    throw new Failure('USAGE', `token: found (not shown); allowed: ${FIELDS.enrol_token.allowed}`);
  return { token: inPlace ? null : (given ?? null), enrolment: read };
}

/**
 * The files are read again before each use, because short-lived certificates are replaced while the agent
 * runs.
 */
function checkTlsFiles(files: TlsFiles): void {
  try {
    readTlsFiles(files);
  } catch (error) {
    throw error instanceof FileProblem ? new Failure('USAGE', error.message) : error;
  }
}

function stateDirectory(environment: NodeJS.ProcessEnv, user: number): string {
  if (user === 0) return '/var/lib/klpreg';
  return join(environment['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'klpreg');
}

/**
 * Merges the configuration: `/etc/klpreg/agent.toml`, `/etc/klpreg/agent.d/*.toml`, `KLPREG_*`, flags.
 *
 * Later ones take precedence. `--config FILE` (or KLPREG_CONFIG) replaces the first two.
 *
 * @throws Failure USAGE with the source, the field, what was found and what is allowed
 */
export function configure(
  flags: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv = process.env,
  user = process.getuid?.() ?? 0,
): Settings {
  const { config, ...others } = flags;
  const named = (config ?? (environment['KLPREG_CONFIG'] || undefined)) as string | undefined;
  const asked = flagLayer(others);
  const another = Object.entries(OWN_ROOTS).some(
    ([name, own]) => (asked.values[name as keyof typeof OWN_ROOTS] ?? own) !== own,
  );
  const files = fileLayers(named);
  const layers = [
    ...(another && named === undefined ? files.map(ofAnotherTree) : files),
    environmentLayer(environment),
    asked,
  ];
  const values = layers.reduce(lay, {});

  const text = (name: FieldName): string | null => (values[name] as string | undefined) ?? null;
  const root = resolve(text('root') ?? '/');
  const sys = resolve(text('sys') ?? join(root, 'sys'));
  const proc = resolve(text('proc') ?? join(root, 'proc'));
  const elsewhere = sys !== '/sys' || proc !== '/proc';
  const tls = { caFile: text('ca_file'), certFile: text('cert_file'), keyFile: text('key_file') };
  checkTlsFiles(tls);
  return {
    url: text('url'),
    ...tokensOf(values),
    tls,
    roots: {
      root,
      sys,
      proc,
      libModules: resolve(text('lib_modules') ?? join(root, 'lib/modules')),
      kpatch: resolve(text('kpatch') ?? join(root, 'var/lib/kpatch')),
      system: elsewhere && text('root') === null ? null : root,
    },
    isTree: elsewhere || root !== '/',
    modules: ((values.modules as string[] | undefined) ?? []).map((folder) => resolve(folder)),
    instance: text('instance'),
    hostname: text('hostname'),
    labels: (values.labels as Record<string, string> | undefined) ?? {},
    bootId: text('boot_id'),
    arch: text('arch'),
    kernelRelease: text('kernel_release'),
    state: resolve(text('state') ?? stateDirectory(environment, user)),
    timeout: (values.timeout as number | undefined) ?? 30,
    interval: (values.interval as number | undefined) ?? 60,
  };
}
