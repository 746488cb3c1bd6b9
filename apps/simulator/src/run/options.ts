import { FatalError } from '../fatal-error.js';

interface Kind {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly whole?: true;
}

const COUNT = (min: number, max: number): Kind => ({ what: 'a whole number', min, max, whole: true });
const SHARE: Kind = { what: 'a share', min: 0, max: 1 };
const NUMBER = (min: number, max: number): Kind => ({ what: 'a number', min, max });

/** The options with a number: the allowed range, the default and the help text. */
export const NUMBERS = {
  hosts: [COUNT(1, 5_000_000), 10_000, 'number of hosts'],
  seed: [COUNT(0, 2 ** 32 - 1), 1, 'seed of the random generator; the same seed makes the same hosts'],
  interval: [
    NUMBER(1, 86_400),
    null,
    'seconds between two heartbeats of a host (default: what the registry asks for)',
  ],
  minutes: [NUMBER(0.01, 1e6), null, 'duration after the fleet is loaded (default: until Ctrl-C)'],
  speed: [NUMBER(0.01, 1000), 1, 'factor by which simulated time is faster than the clock'],
  batch: [
    COUNT(0, 1000),
    0,
    'messages in a request, as relays send them; 0: one in each request, as agents do',
  ],
  'load-batch': [COUNT(1, 1000), 200, 'reports in a request while the fleet is loaded'],
  connections: [COUNT(1, 256), 8, 'number of concurrent requests'],
  changes: [SHARE, 0.001, 'share of the hosts that reboot, get a hotfix or get a leftover in each minute'],
  'rollout-share': [SHARE, 0.05, 'share of the hosts that get the newest release'],
  'rollout-after': [NUMBER(0, 1e6), 1, 'minutes until the rollout starts'],
  'rollout-minutes': [NUMBER(0.01, 1e6), 10, 'duration of the rollout'],
  'rollout-stalls': [SHARE, 0.01, 'share of the transitions that do not complete'],
  'outage-share': [
    SHARE,
    0.01,
    'share of the hosts that lose their connection in an outage and reconnect together',
  ],
  'outage-every': [NUMBER(0.01, 1e6), 5, 'minutes between two outages'],
  'outage-minutes': [NUMBER(0.01, 1e6), 2, 'duration of an outage'],
  gone: [SHARE, 0.00005, 'share of the hosts that are switched off permanently in each minute'],
  clones: [SHARE, 0.0002, 'share of the hosts that have a clone with the same id'],
  'faulty-hosts': [SHARE, 0.0002, 'share of the hosts that also send outdated, wrong and malformed messages'],
} as const satisfies Record<string, readonly [Kind, number | null, string]>;

const TEXTS = {
  url: 'URL of the registry (KLPREG_URL; default: http://127.0.0.1:3000)',
  token: 'token with the role admin (KLPREG_TOKEN; default: the file admin-token in KLPREG_DATA)',
} as const;

const FLAGS = {
  'load-only': 'load the fleet, then exit',
  'skip-load': 'do not load the fleet: an earlier run did',
  'skip-publish': 'do not publish the builds: an earlier run did, with any seed',
  'own-labels': '97 % of the hosts have a unique label, so that almost every host is a cohort',
  calm: 'heartbeats only: the shares of changes, rollout, outages, gone, clones and faulty hosts are 0',
  json: 'write the summary to stdout as JSON',
  help: 'show this help',
} as const;

type NumberName = keyof typeof NUMBERS;
type Defaulted<Name extends NumberName> = (typeof NUMBERS)[Name][1] extends null ? number | null : number;

export type Options = { readonly [Name in NumberName]: Defaulted<Name> } & {
  readonly [Name in keyof typeof FLAGS]: boolean;
} & {
  readonly [Name in keyof typeof TEXTS]: string | null;
};

const EVENTS = ['changes', 'rollout-share', 'outage-share', 'gone', 'clones', 'faulty-hosts'] as const;

const range = ({ what, min, max }: Kind): string => `${what} from ${min} to ${max}`;

/**
 * Parses command-line arguments.
 *
 * @throws FatalError that names the option, what was found and what is allowed
 */
export function readOptions(args: readonly string[]): Options {
  const options: Record<string, number | string | boolean | null> = {
    ...Object.fromEntries(Object.entries(NUMBERS).map(([name, [, value]]) => [name, value])),
    ...Object.fromEntries(Object.keys(TEXTS).map((name) => [name, null])),
    ...Object.fromEntries(Object.keys(FLAGS).map((name) => [name, false])),
  };
  const given = new Set<string>();
  for (let index = 0; index < args.length; index++) {
    const [, name, inline] = /^--([a-z-]+)(?:=([^]*))?$/.exec(args[index]!) ?? [];
    if (name === undefined || !Object.hasOwn(options, name))
      throw new FatalError(`${args[index]}: unknown option; --help lists the options`);
    if (given.has(name)) throw new FatalError(`--${name}: given twice`);
    given.add(name);
    if (name in FLAGS) {
      if (inline !== undefined)
        throw new FatalError(`--${name}: takes no value, found ${JSON.stringify(inline)}`);
      options[name] = true;
      continue;
    }
    const value = inline ?? args[++index];
    options[name] = name in NUMBERS ? readNumber(name as NumberName, value) : readText(name, value);
  }
  if (options['load-only'] && options['skip-load'])
    throw new FatalError('--load-only and --skip-load: cannot be combined, because nothing would be done');
  if (options['calm']) for (const name of EVENTS) if (!given.has(name)) options[name] = 0;
  return options as unknown as Options;
}

function readNumber(name: NumberName, value: string | undefined): number {
  const [kind] = NUMBERS[name] as readonly [Kind, number | null, string];
  const number = value === undefined || !/^\d+(\.\d+)?$/.test(value) ? NaN : Number(value);
  if (!(number >= kind.min && number <= kind.max) || (kind.whole && !Number.isInteger(number)))
    throw new FatalError(
      `--${name}: must be ${range(kind)}, found ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
    );
  return number;
}

function readText(name: string, value: string | undefined): string {
  if (value === undefined || value === '' || value.startsWith('--'))
    throw new FatalError(`--${name}: needs a value, found ${value ?? 'nothing'}`);
  if (name === 'url' && !/^https?:\/\/[^\s]+$/.test(value))
    throw new FatalError(`--url: must start with http:// or https://, found ${JSON.stringify(value)}`);
  return value;
}

export function help(): string {
  const numbers = Object.entries(NUMBERS).map(([name, [kind, value, text]]): [string, string] => {
    const allowed = `${kind.min} to ${kind.max}`;
    return [
      `--${name} ${kind === SHARE ? 'SHARE' : 'N'}`,
      value === null ? `${text}; ${allowed}` : `${text}; ${allowed} (default: ${value})`,
    ];
  });
  const texts = Object.entries(TEXTS).map(([name, text]): [string, string] => [
    `--${name} ${name.toUpperCase()}`,
    text,
  ]);
  const flags = Object.entries(FLAGS).map(([name, text]): [string, string] => [`--${name}`, text]);
  const lines = [...numbers, ...texts, ...flags].map(([left, right]) => `  ${left.padEnd(24)} ${right}`);
  return [
    'Usage: npm run simulate -- [OPTION…]',
    '',
    'Loads a simulated fleet into a running registry, then sends the messages of its hosts until Ctrl-C.',
    '',
    ...lines,
    '',
    'Exit codes:',
    '  0  completed, or stopped by Ctrl-C',
    '  1  the registry rejected a correct message, or cannot be reached',
    '  2  wrong options',
    '',
  ].join('\n');
}
