import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { Failure, shown } from '../failure.js';
import { listFolder, readText } from '../read/attribute.js';
import { configurationObjection, secretObjection } from './secret.js';
import { FIELDS, type Field, type FieldName } from './fields.js';

/** What one source says: a file, the environment, or the command line. */
export interface Layer {
  readonly source: string;
  readonly values: Partial<Record<FieldName, unknown>>;
}

/** Where a host is configured. Fragments are read after it, in the order of their names. */
const FILE = '/etc/klpreg/agent.toml';
const FRAGMENTS = '/etc/klpreg/agent.d';
const MAX_BYTES = 1 << 20;

const isField = (name: string): name is FieldName => Object.hasOwn(FIELDS, name);

/** @param nameOf how the source calls a field */
function checked(source: string, found: Record<string, unknown>, nameOf: (field: string) => string = (field) => field): Layer {
  const values: Layer['values'] = {};
  for (const [name, value] of Object.entries(found)) {
    if (!isField(name)) throw new Failure('USAGE', `${source}: ${nameOf(name)} is not known; known are ${Object.keys(FIELDS).join(', ')}`);
    const field: Field = FIELDS[name];
    const read = field.read(value);
    if (read === undefined) {
      throw new Failure('USAGE', `${source}: ${nameOf(name)}: found ${field.secret ? '(not shown)' : shown(value)}; allowed: ${field.allowed}`);
    }
    values[name] = read;
  }
  if (values.token !== undefined && values.token_file !== undefined)
    throw new Failure('USAGE', `${source}: give ${nameOf('token')} or ${nameOf('token_file')}, not both`);
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
    const why = layer.values.token === undefined ? null : secretObjection(path);
    if (why !== null) throw new Failure('USAGE', `${path}: holds a token and ${why}`);
    return layer;
  } catch (error) {
    // the message of the parser quotes the line, and a token may be in it
    if (error instanceof TomlError) throw new Failure('USAGE', `${path}: line ${error.line}, column ${error.column}: is not TOML`);
    throw error;
  }
}

/** The files of this machine, or the one that was named: then no other is read. */
export function fileLayers(named: string | undefined): Layer[] {
  if (named !== undefined) return [fileLayer(named)];
  const fragments = (listFolder(FRAGMENTS) ?? []).filter((entry) => entry.name.endsWith('.toml')).map((entry) => join(FRAGMENTS, entry.name));
  return [...(existsSync(FILE) ? [FILE] : []), ...fragments].map(fileLayer);
}

/** The `KLPREG_*` variables. Those of other programs of this project are passed over; an empty one counts as not given. */
export function environmentLayer(environment: NodeJS.ProcessEnv): Layer {
  const variable = (field: string) => `KLPREG_${field.toUpperCase()}`;
  const found = Object.keys(FIELDS).flatMap((field) => (environment[variable(field)] ? [[field, environment[variable(field)]] as const] : []));
  return checked('the environment', Object.fromEntries(found), variable);
}

/** What the command line says. */
export function flagLayer(flags: Readonly<Record<string, unknown>>): Layer {
  const flag = (field: string) => `--${field === 'labels' ? 'label' : field.replaceAll('_', '-')}`;
  return checked('the command line', Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)), flag);
}
