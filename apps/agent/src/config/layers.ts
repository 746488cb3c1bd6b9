import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configurationObjection, secretObjection } from '@klpreg/connection';
import { parse, TomlError } from 'smol-toml';
import { Failure, shown } from '../failure.js';
import { listFolder, readText } from '../read/attribute.js';
import { FIELDS, type Field, type FieldName } from './fields.js';

/** The settings of one source: a file, the environment, or the command line. */
export interface Layer {
  readonly source: string;
  readonly values: Partial<Record<FieldName, unknown>>;
}

/** The configuration of a host. Fragments are read after it, sorted by name. */
const FILE = '/etc/klpreg/agent.toml';
const FRAGMENTS = '/etc/klpreg/agent.d';
const MAX_BYTES = 1 << 20;

const isField = (name: string): name is FieldName => Object.hasOwn(FIELDS, name);

/** Validates the settings of a source. @param nameOf returns the name of a setting in this source */
function checked(
  source: string,
  found: Record<string, unknown>,
  nameOf: (field: string) => string = (field) => field,
): Layer {
  const values: Layer['values'] = {};
  for (const [name, value] of Object.entries(found)) {
    if (!isField(name))
      throw new Failure(
        'USAGE',
        `${source}: ${nameOf(name)} is unknown; allowed are ${Object.keys(FIELDS).join(', ')}`,
      );
    const field: Field = FIELDS[name];
    const read = field.read(value);
    if (read === undefined) {
      throw new Failure(
        'USAGE',
        `${source}: ${nameOf(name)}: found ${field.secret ? '(not shown)' : shown(value)}; allowed: ` +
          field.allowed,
      );
    }
    values[name] = read;
  }
  for (const [text, file] of [
    ['token', 'token_file'],
    ['enrol_token', 'enrol_token_file'],
  ] as const)
    if (values[text] !== undefined && values[file] !== undefined)
      throw new Failure('USAGE', `${source}: set ${nameOf(text)} or ${nameOf(file)}, not both`);
  return { source, values };
}

function fileLayer(path: string): Layer {
  let text: string | null;
  try {
    text = readText(path, MAX_BYTES, true);
  } catch (error) {
    throw new Failure('USAGE', error instanceof Error ? error.message : String(error));
  }
  if (text === null) throw new Failure('USAGE', `${path}: there is no such file`);
  const objection = configurationObjection(path);
  if (objection !== null) throw new Failure('USAGE', `${path}: ${objection}`);
  try {
    const layer = checked(path, parse(text));
    const { token, enrol_token: enrolToken } = layer.values;
    const why = token === undefined && enrolToken === undefined ? null : secretObjection(path);
    if (why !== null) throw new Failure('USAGE', `${path}: holds a token and ${why}`);
    return layer;
  } catch (error) {
    // The parser's message quotes the line, which may contain a token.
    if (error instanceof TomlError)
      throw new Failure('USAGE', `${path}: line ${error.line}, column ${error.column}: is not TOML`);
    throw error;
  }
}

/** Reads the configuration files of this machine, or only the named one. */
export function fileLayers(named: string | undefined): Layer[] {
  if (named !== undefined) return [fileLayer(named)];
  const fragments = (listFolder(FRAGMENTS) ?? [])
    .filter((entry) => entry.name.endsWith('.toml'))
    .map((entry) => join(FRAGMENTS, entry.name));
  return [...(existsSync(FILE) ? [FILE] : []), ...fragments].map(fileLayer);
}

/** Reads the `KLPREG_*` variables. Ignores empty ones, and those of other programs. */
export function environmentLayer(environment: NodeJS.ProcessEnv): Layer {
  const variable = (field: string) => `KLPREG_${field.toUpperCase()}`;
  const found = Object.keys(FIELDS).flatMap((field) =>
    environment[variable(field)] ? [[field, environment[variable(field)]] as const] : [],
  );
  return checked('the environment', Object.fromEntries(found), variable);
}

/** Reads the flags. */
export function flagLayer(flags: Readonly<Record<string, unknown>>): Layer {
  const flag = (field: string) => `--${field === 'labels' ? 'label' : field.replaceAll('_', '-')}`;
  return checked(
    'the command line',
    Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)),
    flag,
  );
}
