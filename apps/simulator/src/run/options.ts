import { Stop } from '../stop.js';

interface Kind {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly whole?: true;
}

const COUNT = (min: number, max: number): Kind => ({ what: 'a whole number', min, max, whole: true });
const SHARE: Kind = { what: 'a share', min: 0, max: 1 };
const NUMBER = (min: number, max: number): Kind => ({ what: 'a number', min, max });

/** Every option with a number: what it may be, what it is by default, and what it is for. */
export const NUMBERS = {
  hosts: [COUNT(1, 5_000_000), 10_000, 'how many hosts'],
  seed: [COUNT(0, 2 ** 32 - 1), 1, 'which fleet: the same number, the same hosts'],
  interval: [NUMBER(1, 86_400), null, 'seconds between two heartbeats of a host (default: what the registry asks for)'],
  minutes: [NUMBER(0.01, 1e6), null, 'how long, after loading (default: until Ctrl-C)'],
  speed: [NUMBER(0.01, 1000), 1, 'how many times faster the fleet lives'],
  batch: [COUNT(0, 1000), 0, 'documents in a request, as a relay sends them; 0: each alone, as agents do'],
  'load-batch': [COUNT(1, 1000), 200, 'the same for loading the fleet'],
  connections: [COUNT(1, 256), 8, 'requests at once'],
  changes: [SHARE, 0.001, 'of all hosts, each minute: reboots, hotfixes, leftovers'],
  'rollout-share': [SHARE, 0.05, 'of all hosts: get the newest release'],
  'rollout-after': [NUMBER(0, 1e6), 1, 'minutes until the rollout begins'],
  'rollout-minutes': [NUMBER(0.01, 1e6), 10, 'how long the rollout takes'],
  'rollout-stalls': [SHARE, 0.01, 'of its transitions: never end'],
  'outage-share': [SHARE, 0.01, 'of all hosts: cut off, and back all at once with what they could not send'],
  'outage-every': [NUMBER(0.01, 1e6), 5, 'minutes between two outages'],
  'outage-minutes': [NUMBER(0.01, 1e6), 2, 'how long an outage takes'],
  gone: [SHARE, 0.00005, 'of all hosts, each minute: switched off for good'],
  clones: [SHARE, 0.0002, 'of all hosts: have a copy that bears the same id'],
  liars: [SHARE, 0.0002, 'of all hosts: also send old, wrong and malformed documents'],
} as const satisfies Record<string, readonly [Kind, number | null, string]>;

const TEXTS = {
  url: 'of the registry (KLPREG_URL; default: http://127.0.0.1:3000)',
  token: 'of the role admin (KLPREG_TOKEN; default: what the registry wrote to admin-token in KLPREG_DATA)',
} as const;

const FLAGS = {
  'load-only': 'load the fleet, and end',
  'skip-load': 'the registry has the fleet from an earlier run',
  'skip-publish': 'the registry has its builds from an earlier run, of any seed',
  'own-labels': 'almost every host has a label that no other has: hosts do not come in groups any more',
  calm: 'nothing happens but heartbeats: changes, rollout, outages, gone, clones and liars are 0',
  json: 'the summary as JSON on stdout',
  help: 'this text',
} as const;

type NumberName = keyof typeof NUMBERS;
type Defaulted<Name extends NumberName> = (typeof NUMBERS)[Name][1] extends null ? number | null : number;

/** What was asked for. */
export type Options = { readonly [Name in NumberName]: Defaulted<Name> } & { readonly [Name in keyof typeof FLAGS]: boolean } & {
  readonly [Name in keyof typeof TEXTS]: string | null;
};

const EVENTS = ['changes', 'rollout-share', 'outage-share', 'gone', 'clones', 'liars'] as const;

const range = ({ what, min, max }: Kind): string => `${what} from ${min} to ${max}`;

/**
 * What do these words ask for?
 *
 * @throws Stop that names the option, what was found and what is allowed
 */
export function readOptions(words: readonly string[]): Options {
  const options: Record<string, number | string | boolean | null> = {
    ...Object.fromEntries(Object.entries(NUMBERS).map(([name, [, value]]) => [name, value])),
    ...Object.fromEntries(Object.keys(TEXTS).map((name) => [name, null])),
    ...Object.fromEntries(Object.keys(FLAGS).map((name) => [name, false])),
  };
  const given = new Set<string>();
  for (let at = 0; at < words.length; at++) {
    const [, name, inline] = /^--([a-z-]+)(?:=([^]*))?$/.exec(words[at]!) ?? [];
    if (name === undefined || !Object.hasOwn(options, name)) throw new Stop(`${words[at]}: is not an option; --help lists them`);
    if (given.has(name)) throw new Stop(`--${name}: is there twice`);
    given.add(name);
    if (name in FLAGS) {
      if (inline !== undefined) throw new Stop(`--${name}: takes no value, found ${JSON.stringify(inline)}`);
      options[name] = true;
      continue;
    }
    const value = inline ?? words[++at];
    options[name] = name in NUMBERS ? readNumber(name as NumberName, value) : readText(name, value);
  }
  if (options['load-only'] && options['skip-load']) throw new Stop('--load-only and --skip-load: one of them, or nothing is done');
  if (options['calm']) for (const name of EVENTS) if (!given.has(name)) options[name] = 0;
  return options as unknown as Options;
}

function readNumber(name: NumberName, value: string | undefined): number {
  const [kind] = NUMBERS[name] as readonly [Kind, number | null, string];
  const number = value === undefined || !/^\d+(\.\d+)?$/.test(value) ? NaN : Number(value);
  if (!(number >= kind.min && number <= kind.max) || (kind.whole && !Number.isInteger(number)))
    throw new Stop(`--${name}: must be ${range(kind)}, found ${value === undefined ? 'nothing' : JSON.stringify(value)}`);
  return number;
}

function readText(name: string, value: string | undefined): string {
  if (value === undefined || value === '' || value.startsWith('--')) throw new Stop(`--${name}: needs a value, found ${value ?? 'nothing'}`);
  if (name === 'url' && !/^https?:\/\/[^\s]+$/.test(value)) throw new Stop(`--url: must begin with http:// or https://, found ${JSON.stringify(value)}`);
  return value;
}

/** Everything that one can ask for. */
export function help(): string {
  const numbers = Object.entries(NUMBERS).map(([name, [kind, value, text]]): [string, string] => {
    const allowed = `${kind.min} to ${kind.max}`;
    return [`--${name} ${kind === SHARE ? 'SHARE' : 'N'}`, value === null ? `${text}; ${allowed}` : `${text}; ${allowed} (default: ${value})`];
  });
  const texts = Object.entries(TEXTS).map(([name, text]): [string, string] => [`--${name} ${name.toUpperCase()}`, text]);
  const flags = Object.entries(FLAGS).map(([name, text]): [string, string] => [`--${name}`, text]);
  const lines = [...numbers, ...texts, ...flags].map(([left, right]) => `  ${left.padEnd(24)} ${right}`);
  return [
    'Usage: npm run simulate -- [OPTION…]',
    '',
    'Loads a believable fleet into a running registry, then speaks for every host of it until Ctrl-C.',
    '',
    ...lines,
    '',
    'Exit codes: 0 done, or stopped by Ctrl-C; 1 the registry refused what it should have taken, or cannot be reached; 2 wrong options.',
    '',
  ].join('\n');
}
