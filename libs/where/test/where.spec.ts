import fc from 'fast-check';
import {
  FACT_KEYS,
  formatWhere,
  hostFilter,
  isFact,
  parseWhere,
  type Term,
  WhereError,
} from '../src/index.js';

test.each<[selector: string, filter: object]>([
  ['env=prod', { labels: [{ key: 'env', in: ['prod'] }] }],
  [
    'env=prod,role in (web,api)',
    {
      labels: [
        { key: 'env', in: ['prod'] },
        { key: 'role', in: ['web', 'api'] },
      ],
    },
  ],
  [
    ' env = prod , role notin ( db ) ',
    {
      labels: [
        { key: 'env', in: ['prod'] },
        { key: 'role', notIn: ['db'] },
      ],
    },
  ],
  ['env!=prod', { labels: [{ key: 'env', notIn: ['prod'] }] }],
  ['env', { labels: [{ key: 'env', exists: true }] }],
  ['!env', { labels: [{ key: 'env', exists: false }] }],
  [
    '! env,role',
    {
      labels: [
        { key: 'env', exists: false },
        { key: 'role', exists: true },
      ],
    },
  ],
  ['agent.role=web', { labels: [{ key: 'agent.role', in: ['web'] }] }],
  ['example.com/tier=1', { labels: [{ key: 'example.com/tier', in: ['1'] }] }],
  [
    'in=in,notin notin (notin,in)',
    {
      labels: [
        { key: 'in', in: ['in'] },
        { key: 'notin', notIn: ['notin', 'in'] },
      ],
    },
  ],
  ['note="a, (b) = \\"c\\" \\\\"', { labels: [{ key: 'note', in: ['a, (b) = "c" \\'] }] }],
  ['note=""', { labels: [{ key: 'note', in: [''] }] }],
  ['hostname=web-1.ams', { hostnames: ['web-1.ams'] }],
  [
    'hostname in (web-1,web-2),kernel=6.1.0-56-cloud-amd64,arch=x86_64',
    { hostnames: ['web-1', 'web-2'], kernelReleases: ['6.1.0-56-cloud-amd64'], archs: ['x86_64'] },
  ],
  ['id=SG9zdDox,env', { ids: ['SG9zdDox'], labels: [{ key: 'env', exists: true }] }],
  [
    'running=00112233445566778899aabbccddeeff00112233',
    { running: '00112233445566778899aabbccddeeff00112233' },
  ],
  ['kernel=7.3.4+deb13-cloud-amd64', { kernelReleases: ['7.3.4+deb13-cloud-amd64'] }],
  ['kernel=6.12.*', { kernelPrefix: '6.12.' }],
  ['running=release:lp-12', { runningReleases: ['lp-12'] }],
  ['running in (name:lp_11,name:lp_12)', { runningNames: ['lp_11', 'lp_12'] }],
  [
    'running!=release:lp-12,kernel notin (6.1,6.2),arch!=arm64',
    { not: [{ runningReleases: ['lp-12'] }, { kernelReleases: ['6.1', '6.2'] }, { archs: ['arm64'] }] },
  ],
  [
    'state=7,state=8:2,state=9:1+,state=18446744073709551615:3-',
    {
      states: [
        { id: '7' },
        { id: '8', version: 2 },
        { id: '9', minVersion: 1 },
        { id: '18446744073709551615', maxVersion: 3 },
      ],
    },
  ],
  ['impact in (undeclared,UNREADABLE)', { impacts: ['UNDECLARED', 'UNREADABLE'] }],
  ['weaker-than=module', { evidenceWeakerThan: 'MODULE' }],
  ['freshness in (stale,lost)', { freshness: ['STALE', 'LOST'] }],
  ['transition=stalled', { transition: 'STALLED' }],
  ['boot=other', { boot: ['OTHER'] }],
  ['boot!=same', { not: [{ boot: ['SAME'] }] }],
  ['patches=0', { minPatches: 0, maxPatches: 0 }],
  ['patches=2+', { minPatches: 2 }],
  ['patches=1-3', { minPatches: 1, maxPatches: 3 }],
  ['agent=0.1.0', { agentVersions: ['0.1.0'] }],
  ['agent-below=0.2', { agentVersionBelow: '0.2' }],
  ['changed=24h', { changedSince: '2026-11-23T10:00:00.000Z' }],
  ['leftovers,!suspect', { leftovers: true, suspect: false }],
  ['forced=yes,superseded=no', { forcedTransition: true, superseded: false }],
  ['conflicts,shared-states,unpublished=no', { conflicts: true, sharedStates: true, unpublished: false }],
  [
    'label:state=on,!label:boot',
    {
      labels: [
        { key: 'state', in: ['on'] },
        { key: 'boot', exists: false },
      ],
    },
  ],
])('%s', (selector, filter) => {
  expect(hostFilter(selector, false, Date.parse('2026-11-24T10:00:00Z'))).toEqual(filter);
});

test('no selector matches all hosts, and a flag selects authoritative labels', () => {
  expect(hostFilter(undefined)).toEqual({});
  expect(hostFilter('a', true)).toEqual({ authoritativeLabels: true, labels: [{ key: 'a', exists: true }] });
});

const errorOf = (selector: string): { at: number; message: string } | null => {
  try {
    hostFilter(selector);
  } catch (error) {
    if (error instanceof WhereError) return { at: error.at, message: error.message };
  }
  return null;
};

const A_VALUE = 'expected a value (in quotes if it is empty or has one of , = ! ( ) or spaces), found';

test.each<[selector: string, at: number, message: string]>([
  ['', 0, 'the selector is empty; to match all hosts, leave it out'],
  ['env=', 4, `${A_VALUE} the end`],
  ['env==prod', 4, "expected a value after a single =, found '='"],
  ['=prod', 0, "expected a label name, found '='"],
  ['env=prod role=web', 9, "expected ',' or the end, found 'role'"],
  ['env=prod,', 9, 'expected a label name, found the end'],
  ['role in web', 8, "expected '(' with values, found 'web'"],
  ['role in ()', 9, `${A_VALUE} ')'`],
  ['role in (a b)', 11, "expected ',' or ')', found 'b'"],
  ['role in (a', 10, "expected ',' or ')', found the end"],
  ['role on (a)', 5, "expected '=', '!=', 'in (…)', 'notin (…)' or ',', found 'on'"],
  ['note="a', 5, 'missing closing quote (inside quotes, write \\" and \\\\)'],
  ['"env"=prod', 0, "expected a label name, found 'env'"],
  ['_env=prod', 0, "'_env' is not a label name, which has 1 to 63 letters, digits and _ . / -"],
  [
    'hostname!=web',
    0,
    'hostname is not a label: only hostname=… and hostname in (…) ' +
      'is allowed; for a label, write label:hostname',
  ],
  [
    'a,!kernel',
    3,
    'kernel is not a label: only kernel=…, kernel!=…, kernel in (…) and kernel notin (…) is allowed; ' +
      'for a label, write label:kernel',
  ],
  ['hostname=a,hostname=b', 11, 'hostname occurs twice; for several values, write hostname in (…)'],
  [
    'running=xyz',
    0,
    'running takes a build-id (16 to 128 lower-case hexadecimal digits), release:NAME or name:NAME',
  ],
  ['running in (release:a,name:b)', 0, expect.stringContaining('release:NAME or name:NAME')],
  ['kernel=6.*.1', 0, expect.stringContaining('one prefix with * at its end')],
  ['state in (7,8)', 0, expect.stringContaining('only state=… is allowed')],
  ['state=7:v2', 0, expect.stringContaining("7:2+ or 7:2-, found '7:v2'")],
  [
    'freshness=old',
    0,
    expect.stringContaining("freshness has no value 'old'; write one of fresh, late, stale"),
  ],
  ['leftovers=maybe', 0, expect.stringContaining('leftovers is yes or no')],
  ['patches=many', 0, expect.stringContaining('0, 2, 2+ or 1-3')],
  [
    'env,changed=yesterday',
    4,
    expect.stringContaining(
      "changed: 'yesterday' is neither an instant nor an age; write an instant, such as",
    ),
  ],
  ['label:=x', 0, expect.stringContaining('is not a label name')],
])('an error has its position: %s', (selector, at, message) => {
  expect(errorOf(selector)).toEqual({ at, message });
});

const key = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,20}$/)
  .filter((each) => !FACT_KEYS.includes(each));
const value = fc.string({ maxLength: 12 });
const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
const space = fc.constantFrom('', ' ', '  ');

test('law: a written selector parses to its terms, for any values', () => {
  const term = fc.oneof(
    fc.tuple(key, value).map(([k, v]) => ({ text: `${k}=${quoted(v)}`, means: { key: k, in: [v] } })),
    fc.tuple(key, value).map(([k, v]) => ({ text: `${k}!=${quoted(v)}`, means: { key: k, notIn: [v] } })),
    fc.tuple(key, fc.array(value, { minLength: 1, maxLength: 3 }), space).map(([k, vs, s]) => ({
      text: `${k} in${s}(${vs.map(quoted).join(`${s},`)})`,
      means: { key: k, in: vs },
    })),
    key.map((k) => ({ text: k, means: { key: k, exists: true } })),
    key.map((k) => ({ text: `!${k}`, means: { key: k, exists: false } })),
  );
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 5 }), space, (terms, s) => {
      expect(hostFilter(terms.map((each) => each.text).join(`${s},${s}`))).toEqual({
        labels: terms.map((each) => each.means),
      });
    }),
  );
});

test('law: any text either parses or is an error that points into it', () => {
  const soup = fc
    .array(
      fc.constantFrom('env', 'in', 'notin', '=', '!=', '!', '(', ')', ',', ' ', '"', '\\', 'a', '\n', 'é'),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(soup, fc.string()), (selector) => {
      try {
        expect(parseWhere(selector).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(WhereError);
        expect((error as WhereError).at).toBeLessThanOrEqual(selector.length);
      }
    }),
  );
});

test.each<[selector: string, formatted: string]>([
  [' env = prod , role notin ( db ) ', 'env=prod,role!=db'],
  ['role in (web,"a b","")', 'role in (web,"a b","")'],
  ['note="say \\"hi\\" \\\\o"', 'note="say \\"hi\\" \\\\o"'],
  ['label:state=7,state=7:2+,!suspect,forced', 'label:state=7,state=7:2+,!suspect,forced'],
])('%s is formatted as %s', (selector, formatted) => {
  expect(formatWhere(parseWhere(selector))).toBe(formatted);
});

test('law: a formatted selector parses to its terms', () => {
  const name = fc.oneof(key, fc.constantFrom('in', 'notin', ...FACT_KEYS));
  const some = fc.array(fc.oneof(value, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 3 });
  const term = fc.record({ key: name, isLabel: fc.boolean() }).chain((named) =>
    fc.oneof(
      fc.constantFrom('exists', 'absent').map((operator) => ({ ...named, operator, values: [] })),
      fc
        .tuple(fc.constantFrom('in', 'notIn'), some)
        .map(([operator, values]) => ({ ...named, operator, values })),
    ),
  ) as fc.Arbitrary<Omit<Term, 'at'>>;
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 5 }), (terms) => {
      expect(parseWhere(formatWhere(terms))).toEqual(
        terms.map((each) => ({ ...each, at: expect.any(Number) })),
      );
    }),
  );
});

test.each<[selector: string, facts: boolean[]]>([
  ['kernel=6.1,env=prod,label:kernel=6.1,!leftovers,toString', [true, false, false, true, false]],
])('the terms of %s are facts or labels', (selector, facts) => {
  expect(parseWhere(selector).map(isFact)).toEqual(facts);
});
