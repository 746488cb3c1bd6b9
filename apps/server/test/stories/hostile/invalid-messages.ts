import { Report } from '@klpreg/wire';
import type { Random } from '../../random.js';
import { sealed } from '../../registry.js';
import {
  at,
  isObject,
  type Json,
  oneOf,
  type Path,
  pathsOf,
  pointerOf,
  put,
  RAW,
  strings,
} from './json-paths.js';
import { fullReport, heartbeatOf } from './valid-stream.js';

/** A message that is invalid in one place. */
export interface InvalidMessage {
  readonly what: string;
  readonly kind: 'reports' | 'heartbeats';
  readonly text: string;
  /** The place. A problem must name it, or a place above or below it. */
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
/** Ways to write the same key in JSON. */
const ESCAPED = ['"__proto__"', '"\\u005f_proto__"', '"__pr\\u006fto__"'];
const patches = (n: number, change: (i: number) => object): string =>
  JSON.stringify(
    Array.from({ length: n }, (_, i) => ({
      ...(fullReport('x').livepatches[0] as object),
      objects: [],
      reading: null,
      name: `p${i}`,
      ...change(i),
    })),
  );

/** Makes a valid document invalid. @returns the path, and the JSON text for the placeholder there */
type Defect = (document: Json, random: Random) => [Path, string?];
const ANY: [what: string, defect: Defect][] = [
  [
    'a field of another type',
    (document, random) => oneOf(pathsOf(document).slice(1), ['{"no such":[]}'])(document, random),
  ],
  [
    'a missing field',
    (document, random) => {
      const path = random.pick(pathsOf(document).filter((one) => typeof one.at(-1) === 'string'));
      delete at(document, path.slice(0, -1))[path.at(-1)!];
      // without an optional field the message is valid, and its digest is wrong
      return [Report.safeParse(document).success ? ['digest'] : path];
    },
  ],
  [
    'an unknown field',
    (document, random) => {
      const objects = pathsOf(document).filter(
        (one) => one.at(-1) !== 'labels' && isObject(at(document, one)),
      );
      const path = [
        ...random.pick(objects),
        random.pick([
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
    'a field that would set a prototype',
    (document, random) => {
      const path = [
        ...random.pick(pathsOf(document).filter((one) => isObject(at(document, one)))),
        '__proto__',
      ];
      // an assignment would set the prototype, and JSON would not have the field
      Object.defineProperty(at(document, path.slice(0, -1)), '__proto__', { value: RAW, enumerable: true });
      return [path, random.pick(POISON)];
    },
  ],
  [
    'a constructor with a prototype',
    (document, random) => {
      const path = [
        ...random.pick(pathsOf(document).filter((one) => isObject(at(document, one)))),
        'constructor',
      ];
      put(document, path, RAW);
      return [path, `{"prototype":${random.pick(POISON)}}`];
    },
  ],
  ['an invalid sequence', oneOf([['sequence']], [...NUMBERS, '0'])],
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
  ['a clock that goes back', oneOf([['clock', 'sentMs']], ['0', '999.999'])],
  ['an unknown schema', oneOf([['schema']], ['"report/v2"', '"heartbeat/v0"', 'null', '1', '""'])],
  ['an invalid digest', oneOf([['digest']], PATTERNS)],
  [
    'JSON that is not an object',
    (_, random) => [[], random.pick(['null', '0', '""', '[]', 'true', '"report"', '[[]]', '1e400'])],
  ],
];
const OF_REPORTS: typeof ANY = [
  [
    'a state id that is not a u64',
    oneOf(
      [[...STATE, 'id']],
      [
        ...strings('18446744073709551616', '-1', '01', '1e3', '', ' 1', '0x10', '1.0', '१', '9'.repeat(1000)),
        '1',
        '18446744073709551615',
      ],
    ),
  ],
  ['a version that is not a u32', oneOf([[...STATE, 'version']], ['4294967296', ...NUMBERS])],
  [
    'text with unprintable characters or too long',
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
    'an invalid name',
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
  ['invalid labels', oneOf([['host', 'labels']], LABELS)],
  [
    'a duplicate name in 500 patches',
    oneOf([['livepatches']], [patches(500, (i) => (i === 499 ? { name: 'p0' } : {}))]),
  ],
  ['two open transitions', oneOf([['livepatches']], [patches(2, () => ({ transition: true }))])],
  ['the digest of other content', (document) => ((document.digest = 'f'.repeat(64)), [['digest']])],
];
const OF_HEARTBEATS: typeof ANY = [['an invalid name', oneOf([['instance'], ['bootId']], PATTERNS)]];

const validReports = new Map<string, Report>();
function validReportFor(hostname: string): Report {
  const report = validReports.get(hostname) ?? sealed({ ...fullReport(hostname), sequence: 1_000_000 });
  validReports.set(hostname, report);
  return report;
}

/** Makes a message that is newer than all others of its host, and invalid in one place. */
export function invalidMessage(random: Random, hostname: string): InvalidMessage {
  const kind = random.pick(['reports', 'reports', 'heartbeats'] as const);
  const [what, defect] = random.pick([...ANY, ...(kind === 'reports' ? OF_REPORTS : OF_HEARTBEATS)]);
  const report = validReportFor(hostname);
  const document: Json = structuredClone(kind === 'reports' ? report : heartbeatOf(report));
  const [path, raw] = defect(document, random);
  const escaped = random.pick(ESCAPED);
  // the last value of a duplicate key counts
  const twice = what === 'an invalid sequence' && random.below(4) === 0;
  const text =
    path.length === 0
      ? raw!
      : JSON.stringify(document)
          .replace(`"${RAW}"`, () => raw!)
          .replaceAll('"__proto__"', () => escaped);
  return { what, kind, text: twice ? text.replace('{', '{"sequence":7,') : text, pointer: pointerOf(path) };
}
