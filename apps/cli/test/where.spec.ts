import fc from 'fast-check';
import { Failure } from '../src/exits.js';
import { hostFilter } from '../src/where/filter.js';
import { FACTS } from '../src/where/facts.js';
import { parseWhere } from '../src/where/parse.js';
import { suggestions } from '../src/where/suggest.js';

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

const errorOf = (selector: string): string => {
  try {
    hostFilter(selector);
  } catch (error) {
    if (error instanceof Failure) return [error.message, ...error.hints].join('\n');
  }
  return 'none';
};

test.each<[selector: string, message: string]>([
  ['', '--where: the selector is empty; to match all hosts, leave out --where\n\n^'],
  [
    'env=',
    '--where: expected a value (in quotes if it is empty or has one of , ' +
      '= ! ( ) or spaces), found the end\nenv=\n    ^',
  ],
  ['env==prod', "--where: expected a value after a single =, found '='\nenv==prod\n    ^"],
  ['=prod', "--where: expected a label name, found '='\n=prod\n^"],
  ['env=prod role=web', "--where: expected ',' or the end, found 'role'\nenv=prod role=web\n         ^"],
  ['env=prod,', '--where: expected a label name, found the end\nenv=prod,\n         ^'],
  ['role in web', "--where: expected '(' with values, found 'web'\nrole in web\n        ^"],
  [
    'role in ()',
    '--where: expected a value (in quotes if it is empty or has one of , = ! ' +
      "( ) or spaces), found ')'\nrole in ()\n         ^",
  ],
  ['role in (a b)', "--where: expected ',' or ')', found 'b'\nrole in (a b)\n           ^"],
  ['role in (a', "--where: expected ',' or ')', found the end\nrole in (a\n          ^"],
  [
    'role on (a)',
    "--where: expected '=', '!=', 'in (…)', 'notin (…)' or ',', found 'on'\nrole on (a)\n     ^",
  ],
  ['note="a', '--where: missing closing quote (inside quotes, write \\" and \\\\)\nnote="a\n     ^'],
  ['"env"=prod', '--where: expected a label name, found \'env\'\n"env"=prod\n^'],
  [
    '_env=prod',
    "--where: '_env' is not a label name, which has 1 to 63 letters, digits and _ . / -\n_env=prod\n^",
  ],
  [
    'hostname!=web',
    '--where: hostname is not a label: only hostname=… and hostname in (…) is allowed; for a label, write ' +
      'label:hostname\nhostname!=web\n^',
  ],
  [
    'a,!kernel',
    '--where: kernel is not a label: only kernel=…, kernel!=…, kernel in (…) and kernel notin (…) is allowed; ' +
      'for a label, write label:kernel\na,!kernel\n   ^',
  ],
  [
    'hostname=a,hostname=b',
    '--where: hostname occurs twice; for several values, write ' +
      'hostname in (…)\nhostname=a,hostname=b\n           ^',
  ],
  [
    'running=xyz',
    '--where: running takes a build-id (16 to 128 lower-case hexadecimal digits), release:NAME or name:NAME' +
      '\nrunning=xyz\n^',
  ],
  ['running in (release:a,name:b)', expect.stringContaining('release:NAME or name:NAME')],
  ['kernel=6.*.1', expect.stringContaining('one prefix with * at its end')],
  ['state in (7,8)', expect.stringContaining('only state=… is allowed')],
  ['state=7:v2', expect.stringContaining("7:2+ or 7:2-, found '7:v2'")],
  ['freshness=old', expect.stringContaining("freshness has no value 'old'; write one of fresh, late, stale")],
  ['leftovers=maybe', expect.stringContaining('leftovers is yes or no')],
  ['patches=many', expect.stringContaining('0, 2, 2+ or 1-3')],
  ['changed=yesterday', expect.stringContaining("'yesterday' is neither an instant nor an age")],
  ['label:=x', expect.stringContaining('is not a label name')],
])('an error is shown at its position: %s', (selector, message) => {
  expect(errorOf(selector)).toEqual(message);
});

const key = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,20}$/)
  .filter((each) => !Object.hasOwn(FACTS, each));
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

test('law: any text either parses or is a usage error that points into it', () => {
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
        expect(error).toBeInstanceOf(Failure);
        expect((error as Failure).exit).toBe(2);
        expect((error as Failure).hints[1]!.length).toBeLessThanOrEqual(selector.length + 1);
      }
    }),
  );
});

test.each<[selector: string, sentence: string]>([
  ['release=lp-12', "no host has a label 'release'; did you mean running=release:lp-12?"],
  ['host=web-1', "no host has a label 'host'; did you mean hostname=web-1?"],
  ['kernels=6.12.*', "no host has a label 'kernels'; did you mean kernel=6.12.*?"],
  ['rol=web', "no host has a label 'rol'; did you mean role=web?"],
  ['toString=x', "no host has a label 'toString'"],
  ['datacenter', "no host has a label 'datacenter'"],
])('a label that no host has: %s', (selector, sentence) => {
  expect(suggestions(parseWhere(selector), ['role', 'env', 'agent.site'])).toEqual([sentence]);
});
