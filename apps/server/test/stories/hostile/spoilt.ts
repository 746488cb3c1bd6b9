import { Report } from '@klpreg/wire';
import {
  at,
  isObject,
  type Json,
  oneOf,
  type Path,
  placesOf,
  pointerOf,
  put,
  RAW,
  strings,
} from './places.js';
import { beat, type Chance, full } from './stream.js';
import { sealed } from '../../registry.js';

/** A document that is wrong in one place. */
export interface Spoilt {
  readonly what: string;
  readonly door: 'reports' | 'heartbeats';
  readonly text: string;
  /** Where, or above or below where, it must be said to be wrong. */
  readonly pointer: string;
}

const PATCH: Path = ['livepatches', 0];
const STATE: Path = [...PATCH, 'reading', 'states', 0];
const NUMBERS = [
  '9007199254740992',
  '9223372036854775808',
  '-1',
  '1.5',
  '1e400',
  '-1e400',
  '"1"',
  'null',
  'true',
  '[]',
  '{}',
  '1e-5',
  '-9223372036854775809',
];
const TEXTS = strings(
  '\0',
  'a\0b',
  '\ud800',
  'x\udc00',
  'a\u001b[31m',
  'two\nlines',
  '\u007f',
  'x'.repeat(600),
  '😀'.repeat(600),
);
const PATTERNS = strings(
  '',
  '../../etc/passwd',
  'é',
  'A'.repeat(200),
  "x'; DROP TABLE host; --",
  'a\n',
  'NULL\0',
  '\ud800',
);
const CLOCKS = [
  '"yesterday"',
  '"2026-13-01T00:00:00Z"',
  '"2026-11-23 10:00:00"',
  '"2026-02-30T00:00:00Z"',
  '"+275760-09-13T00:00:00Z"',
  '"2026-11-23T10:00:00"',
  '0',
  'null',
];
const LABELS = [
  '{"":"x"}',
  '{"a b":"x"}',
  '{"-x":"x"}',
  '{"é":"x"}',
  '{"a":1}',
  '{"a":null}',
  '{"a":"\\u0000"}',
  '{"a":"\\ud800"}',
  '["a"]',
  '"a"',
  'null',
].concat(
  JSON.stringify({ ['k'.repeat(64)]: 'x' }),
  JSON.stringify({ a: 'x'.repeat(254) }),
  JSON.stringify(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'x']))),
);
const POISON = [
  '{"admin":true}',
  '{"__proto__":{"admin":true}}',
  '{"toJSON":null}',
  '{"role":"admin"}',
  'null',
  '"x"',
  '[]',
  '{}',
  '1',
];
/** The same key, as JSON may also write it. */
const ESCAPED = ['"__proto__"', '"\\u005f_proto__"', '"__pr\\u006fto__"'];
const patches = (n: number, change: (i: number) => object): string =>
  JSON.stringify(
    Array.from({ length: n }, (_, i) => ({
      ...(full('x').livepatches[0] as object),
      objects: [],
      reading: null,
      name: `p${i}`,
      ...change(i),
    })),
  );

/** What may be wrong: a document, and what is spoilt in it. What is told is where. */
type Spoil = (document: Json, chance: Chance) => [Path, string?];
const ANY: [what: string, spoil: Spoil][] = [
  [
    'a field of another type',
    (document, chance) => oneOf(placesOf(document).slice(1), ['{"no such":[]}'])(document, chance),
  ],
  [
    'a field that is missing',
    (document, chance) => {
      const path = chance.one(placesOf(document).filter((one) => typeof one.at(-1) === 'string'));
      delete at(document, path.slice(0, -1))[path.at(-1)!];
      // without a field that may be absent it is another document, of another digest
      return [Report.safeParse(document).success ? ['digest'] : path];
    },
  ],
  [
    'a field that nobody knows',
    (document, chance) => {
      const objects = placesOf(document).filter(
        (one) => one.at(-1) !== 'labels' && isObject(at(document, one)),
      );
      const path = [
        ...chance.one(objects),
        chance.one([
          'enabeld', // cspell:disable-line
          'constructor',
          'toString',
          'hasOwnProperty',
          'prototype',
          '',
          ' ',
          'a/b',
          'a~b',
          '😀',
          '\0',
          '\ud800',
        ]),
      ];
      put(document, path, 'x');
      return [path];
    },
  ],
  [
    'a field that would change what objects are',
    (document, chance) => {
      const path = [
        ...chance.one(placesOf(document).filter((one) => isObject(at(document, one)))),
        '__proto__',
      ];
      // to assign it would change the object, and not be written
      Object.defineProperty(at(document, path.slice(0, -1)), '__proto__', { value: RAW, enumerable: true });
      return [path, chance.one(POISON)];
    },
  ],
  [
    'a constructor with a prototype',
    (document, chance) => {
      const path = [
        ...chance.one(placesOf(document).filter((one) => isObject(at(document, one)))),
        'constructor',
      ];
      put(document, path, RAW);
      return [path, `{"prototype":${chance.one(POISON)}}`];
    },
  ],
  ['a sequence that is none', oneOf([['sequence']], [...NUMBERS, '0'])],
  ['an absurd time', oneOf([['clock', 'wall']], CLOCKS)],
  [
    'an absurd clock',
    oneOf(
      [
        ['clock', 'observedMs'],
        ['clock', 'sentMs'],
      ],
      ['-1', '1e14', '1e400', '"0"', 'null'],
    ),
  ],
  ['a clock that runs back', oneOf([['clock', 'sentMs']], ['0', '999.999'])],
  ['another kind of document', oneOf([['schema']], ['"report/v2"', '"heartbeat/v0"', 'null', '1', '""'])],
  ['a digest that is none', oneOf([['digest']], PATTERNS)],
  [
    'no document',
    (_, chance) => [[], chance.one(['null', '0', '""', '[]', 'true', '"report"', '[[]]', '1e400'])],
  ],
];
const OF_REPORTS: typeof ANY = [
  [
    'a state id that is no u64',
    oneOf(
      [[...STATE, 'id']],
      [
        ...strings('18446744073709551616', '-1', '01', '1e3', '', ' 1', '0x10', '1.0', '१', '9'.repeat(1000)),
        '1',
        '18446744073709551615',
      ],
    ),
  ],
  ['a version that is no u32', oneOf([[...STATE, 'version']], ['4294967296', ...NUMBERS])],
  [
    'text that no one can show',
    oneOf(
      [
        ['host', 'hostname'],
        ['host', 'kernelRelease'],
        ['host', 'kernelVersion'],
        ['agent', 'version'],
        ['host', 'distribution', 'id'],
        ['bootPersistence', 'source'],
        ['transition', 'tasks', 0, 'comm'],
        [...PATCH, 'objects', 0, 'name'],
        [...PATCH, 'objects', 0, 'functions', 0, 'name'],
      ],
      TEXTS,
    ),
  ],
  [
    'a name that is none',
    oneOf(
      [
        ['host', 'instance'],
        ['host', 'bootId'],
        ['host', 'machine'],
        ['host', 'arch'],
        [...PATCH, 'name'],
        [...PATCH, 'buildId'],
        ['transition', 'patch'],
      ],
      PATTERNS,
    ),
  ],
  ['labels that are none', oneOf([['host', 'labels']], LABELS)],
  [
    'a name twice in 500 patches',
    oneOf([['livepatches']], [patches(500, (i) => (i === 499 ? { name: 'p0' } : {}))]),
  ],
  ['two open transitions', oneOf([['livepatches']], [patches(2, () => ({ transition: true }))])],
  ['a digest of something else', (document) => ((document.digest = 'f'.repeat(64)), [['digest']])],
];
const OF_HEARTBEATS: typeof ANY = [['a name that is none', oneOf([['instance'], ['bootId']], PATTERNS)]];

const right = new Map<string, Report>();
function rightFor(hostname: string): Report {
  const report = right.get(hostname) ?? sealed({ ...full(hostname), sequence: 1_000_000 });
  right.set(hostname, report);
  return report;
}

/** A document that is newer than all others of its host, and wrong in one place. */
export function spoilt(chance: Chance, hostname: string): Spoilt {
  const door = chance.one(['reports', 'reports', 'heartbeats'] as const);
  const [what, spoil] = chance.one([...ANY, ...(door === 'reports' ? OF_REPORTS : OF_HEARTBEATS)]);
  const report = rightFor(hostname);
  const document: Json = structuredClone(door === 'reports' ? report : beat(report));
  const [path, raw] = spoil(document, chance);
  const escaped = chance.one(ESCAPED);
  // twice in one document, a field counts as it comes last
  const twice = what === 'a sequence that is none' && chance.below(4) === 0;
  const text =
    path.length === 0
      ? raw!
      : JSON.stringify(document)
          .replace(`"${RAW}"`, () => raw!)
          .replaceAll('"__proto__"', () => escaped);
  return { what, door, text: twice ? text.replace('{', '{"sequence":7,') : text, pointer: pointerOf(path) };
}
