import { DEFAULT_QUESTION, neverReported } from '../../src/index.js';
import {
  type Asked,
  ask,
  authorState,
  unlisted,
  listed,
  manifest,
  newer,
  older,
  promising,
  statement,
} from '../../src/testing/index.js';

// Where one condition alone stands between a yes and a no. Each row was a mistake that no other test noticed.

const n = (name: string, written = {}, differs = {}) =>
  manifest(name, written, { replace: false, ...differs });
const functions = (...names: string[]) => ({ functions: names.map((name) => `vmlinux:${name},1`) });
const below = n('below', {}, functions('f', 'g'));
const above = (independentOf: string[], ...names: string[]) =>
  n('above', {}, { ...functions(...names), author: statement({ independentOf }) });
const leaving = (list: Asked['list'], to: ReturnType<typeof manifest>): Asked => ({
  list,
  to: { kind: 'PATCH', patch: to, leaving: ['below'] },
  question: { routes: ['DISABLE'] },
});
const apart = (...names: string[]): Asked => leaving([below, above(names, 'h')], above(names, 'h'));
const target = (differs: object) =>
  n('target', {}, { author: statement({ independentOf: ['below'] }), ...differs });

const weak = { ...older, evidence: 'UNSIGNED' as const };
const rebuilt = manifest('older', { 7: 1 }, { buildId: 'rebuilt' });
const irreversible = manifest(
  'gone',
  { 7: 1 },
  { author: statement({ states: [authorState(7, 1, 'IMPOSSIBLE')] }) },
);

test.each<[sentence: string, asked: Asked, kind: string, reasons: string[]]>([
  ['functions are disjoint, and independence is promised', apart('below'), 'SAFE', []],
  ['independence of several is promised', apart('elsewhere', 'below'), 'SAFE', []],
  ['independence of another one is promised', apart('elsewhere'), 'UNKNOWN', ['STACK_DEPENDENCY_UNKNOWN']],
  [
    'one function of several is shared',
    leaving([below, above(['below'], 'g', 'h')], above(['below'], 'g', 'h')),
    'UNKNOWN',
    ['STACK_DEPENDENCY_UNKNOWN'],
  ],
  [
    'a listed target about which sources disagree',
    leaving([below, target({ conflicts: ['states'] })], target({ conflicts: ['states'] })),
    'UNKNOWN',
    ['EVIDENCE_CONFLICT', 'STACK_DEPENDENCY_UNKNOWN'],
  ],
  [
    'a listed target whose states cannot be read, and whose flag is shown',
    leaving(
      [target({ states: null, impact: 'UNREADABLE' }), below],
      target({ states: null, impact: 'UNREADABLE' }),
    ),
    'SAFE',
    [],
  ],
  [
    'a target that is weakly known, and its author’s word is good',
    { to: { ...weak, author: statement({ states: [authorState(7, 1)] }) } },
    'UNKNOWN',
    ['EVIDENCE_TOO_WEAK its states are UNSIGNED, MODULE is required'],
  ],
  [
    'a target that is weakly known, and its author is silent',
    { to: weak },
    'UNKNOWN',
    [
      'EVIDENCE_TOO_WEAK its states are UNSIGNED, MODULE is required',
      'EVIDENCE_TOO_WEAK that it modifies state 7 is not known well enough',
    ],
  ],
  [
    'what cannot be restored was replaced earlier, and is held',
    { host: { unlisted: [unlisted(irreversible)] }, published: [irreversible] },
    'SAFE',
    [],
  ],
])('%s', (_, asked, kind, expected) => {
  const verdict = ask(asked);
  const said = verdict.reasons
    .filter(({ code }) => code !== 'DATA_SEMANTICS_NOT_PROVEN')
    .map(({ code, detail }) => (code === 'EVIDENCE_TOO_WEAK' ? `${code} ${detail}` : code));
  expect({ kind: verdict.kind, said: [...new Set(said)] }).toEqual({ kind, said: expected });
});

test('a namesake on its way in does not pass with time; the target itself does', () => {
  const coming = (patch: typeof older): Asked => ({
    list: [newer, listed(patch, { transition: true })],
    published: [patch],
  });
  const taken = (asked: Asked) =>
    ask(asked)
      .reasons.filter(({ code }) => code === 'MODULE_NAME_TAKEN')
      .map(({ clearedBy }) => clearedBy);
  expect({ itself: taken(coming(older)), namesake: taken(coming(rebuilt)) }).toEqual({
    itself: ['TIME'],
    namesake: [undefined],
  });
});

test('an unknown age is named as such', () => {
  const [reason] = ask({ freshness: { level: 'STALE', ageSeconds: null } }).reasons;
  expect(reason).toEqual({ code: 'REPORT_STALE', detail: 'the time of the last confirmation is not known' });
});

test('a host that has never reported is unknown, and under no rules', () => {
  expect(neverReported(DEFAULT_QUESTION)).toMatchObject({
    kind: 'UNKNOWN',
    route: null,
    reasons: [{ code: 'NEVER_REPORTED' }],
    basedOnStaleFacts: true,
    rules: { sets: [], basis: 'NOTHING' },
  });
});

test('what is promised to be restored is not, where the promise is for another patch', () => {
  const promise = promising('two', { 7: 2 });
  expect(ask({ list: [promise], question: { routes: ['DISABLE_THEN_LOAD'] } }).kind).toBe('SAFE');
  expect(
    ask({ list: [{ ...promise, author: null }], question: { routes: ['DISABLE_THEN_LOAD'] } }).kind,
  ).toBe('UNKNOWN');
});

test('what a patch on its way out refuses passes with time, what another refuses does not', () => {
  const [stays, goes] = [n('stays', { 7: 3 }), n('goes', { 7: 2 })];
  const { reasons } = ask({
    list: [stays, listed(goes, { transition: true, enabled: false })],
    published: [goes],
  });
  expect(
    reasons
      .filter(({ code }) => code === 'STATE_VERSION_TOO_LOW')
      .map(({ patch, clearedBy }) => [patch, clearedBy]),
  ).toEqual([
    ['stays', undefined],
    ['goes', 'TIME'],
  ]);
});
