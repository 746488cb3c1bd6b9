import type { Callbacks, Manifest, ReasonCode } from '../../src/index.js';
import {
  type Asked,
  ask,
  authorState,
  unlisted,
  listed,
  manifest,
  NO_CALLBACKS,
  promising,
  UNPATCH_CALLBACKS,
  statement,
} from '../../src/testing/index.js';

// Turning an open transition round. Kernel: T01, T02, T03 of the lab.

const older = manifest('older', { 7: 1 });
const plain = manifest('incoming');
const callbacks = (...set: (keyof Callbacks)[]): Callbacks => ({
  ...NO_CALLBACKS,
  ...Object.fromEntries(set.map((name) => [name, true])),
});
const holding = (written: object, differs: Partial<Manifest> = {}): Manifest =>
  manifest('incoming', written as never, { replace: false, ...differs });
const promised = (
  restore: 'CALLBACKS' | 'NOT_NEEDED' | 'IMPOSSIBLE',
  ...set: (keyof Callbacks)[]
): Manifest =>
  holding(
    { 8: 1 },
    { callbacks: callbacks(...set), author: statement({ states: [authorState(8, 1, restore)] }) },
  );

const routes = ['REVERSE'] as const;
/** `older` is listed; `patch` is on its way in, and is to go back. */
const comingIn = (patch: Manifest, differs: Partial<Asked> = {}): Asked => ({
  list: [older, listed(patch, { transition: true })],
  published: [patch],
  to: { kind: 'PATCH', patch: older, leaving: ['incoming'] },
  question: { routes },
  ...differs,
});
/** `patch` alone is on its way out, and is to stay. */
const goingOut = (patch: Manifest, differs: Partial<Asked> = {}): Asked => ({
  list: [listed(patch, { transition: true, enabled: false })],
  published: [patch],
  to: patch,
  question: { routes },
  ...differs,
});

test.each<[sentence: string, asked: Asked, kind: string, codes: ReasonCode[]]>([
  [
    'a patch on its way in that keeps no state',
    comingIn({ ...plain, replace: false }),
    'SAFE',
    ['DATA_SEMANTICS_NOT_PROVEN'],
  ],
  ['what a cumulative patch was to replace stays', comingIn(plain), 'SAFE', ['DATA_SEMANTICS_NOT_PROVEN']],
  [
    'its post_unpatch restores, its author says',
    comingIn(promised('CALLBACKS', 'postUnpatch', 'prePatch', 'postPatch')),
    'SAFE',
    [],
  ],
  [
    'pre_unpatch never runs: the promise does not cover it',
    comingIn(promised('CALLBACKS', 'preUnpatch', 'postUnpatch')),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'only pre_unpatch could restore',
    comingIn(promised('CALLBACKS', 'preUnpatch')),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'nothing need be restored, but pre_unpatch was not asked',
    comingIn(promised('NOT_NEEDED', 'preUnpatch')),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  ['nothing need be restored', comingIn(promised('NOT_NEEDED')), 'SAFE', []],
  [
    'callbacks without a promise',
    comingIn(holding({ 8: 1 }, { callbacks: UNPATCH_CALLBACKS })),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'callbacks that cannot be read',
    comingIn({ ...promised('CALLBACKS'), callbacks: null }),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED', 'EVIDENCE_TOO_WEAK'],
  ],
  [
    'a promise of an unsigned statement',
    comingIn({
      ...promised('CALLBACKS', 'postUnpatch'),
      author: statement({ evidence: 'UNSIGNED', states: [authorState(8, 1, 'CALLBACKS')] }),
    }),
    'UNKNOWN',
    ['EVIDENCE_TOO_WEAK'],
  ],
  ['no callback could restore', comingIn(holding({ 8: 1 })), 'UNSAFE', ['STATE_NOT_RESTORED']],
  [
    'post_patch would have changed it, and never ran',
    comingIn(holding({ 8: 1 }, { callbacks: callbacks('postPatch') })),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'what cannot be restored',
    comingIn(promised('IMPOSSIBLE', 'postUnpatch')),
    'UNSAFE',
    ['STATE_IRREVERSIBLE'],
  ],
  ['who stays holds the state, at that version', comingIn(holding({ 7: 1 })), 'SAFE', []],
  [
    'who stays holds the state at a lower version',
    comingIn(holding({ 7: 2 })),
    'UNSAFE',
    ['STATE_NOT_RESTORED'],
  ],
  [
    'its callback may take the state from who stays',
    comingIn(promising('incoming', { 7: 1 }, { replace: false })),
    'UNKNOWN',
    ['STACK_DEPENDENCY_UNKNOWN'],
  ],
  [
    'a state that cannot be restored, held by the patch that stays',
    comingIn(
      holding(
        { 7: 1 },
        { callbacks: UNPATCH_CALLBACKS, author: statement({ states: [authorState(7, 1, 'IMPOSSIBLE')] }) },
      ),
    ),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED', 'STACK_DEPENDENCY_UNKNOWN'],
  ],
  [
    'an undeclared patch',
    comingIn(holding({}, { impact: 'UNDECLARED', callbacks: UNPATCH_CALLBACKS })),
    'UNKNOWN',
    ['STATES_UNDECLARED'],
  ],
  ['a patch that is not published', comingIn(plain, { published: [] }), 'UNKNOWN', ['PATCH_NOT_CATALOGUED']],
  [
    'what an earlier patch left, one that never came in does not cover',
    comingIn(promising('incoming', { 9: 1 }, { replace: false }), {
      host: { unlisted: [unlisted(manifest('gone', { 9: 1 }))] },
      published: [promising('incoming', { 9: 1 }, { replace: false }), manifest('gone', { 9: 1 })],
    }),
    'UNSAFE',
    ['STATE_LEFT_BEHIND'],
  ],
  ['a patch on its way out that has no callbacks stays as it was', goingOut(older), 'SAFE', []],
  [
    'only pre_patch and post_unpatch: neither runs',
    goingOut(manifest('p', { 7: 1 }, { callbacks: callbacks('prePatch', 'postUnpatch') })),
    'SAFE',
    [],
  ],
  [
    'its post_patch runs again, of which no promise speaks',
    goingOut(promising('p', { 7: 1 }, { callbacks: callbacks('postPatch', 'postUnpatch') })),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'its pre_unpatch had run, of which no promise speaks',
    goingOut(promising('p', { 7: 1 }, { callbacks: callbacks('preUnpatch') })),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'callbacks of a patch on its way out that cannot be read',
    goingOut(manifest('p', { 7: 1 }, { callbacks: null })),
    'UNKNOWN',
    ['RESTORE_NOT_PROMISED'],
  ],
  [
    'callbacks of a patch on its way out that only an unsigned upload shows',
    goingOut(manifest('p', { 7: 1 }, { evidence: 'UNSIGNED' })),
    'UNKNOWN',
    ['EVIDENCE_TOO_WEAK', 'EVIDENCE_TOO_WEAK'],
  ],
  [
    'nothing is in transition',
    { list: [older], to: { kind: 'ORIGINAL' }, question: { routes } },
    'UNKNOWN',
    ['TARGET_UNRESOLVED'],
  ],
  ['it leads elsewhere', comingIn(plain, { to: { kind: 'ORIGINAL' } }), 'UNKNOWN', ['TARGET_UNRESOLVED']],
  [
    'a cumulative patch "on its way out" above others never came in: reversed, it would go on replacing them',
    {
      list: [older, listed(plain, { transition: true, enabled: false })],
      published: [plain],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older', 'id-of-incoming'] },
      question: { routes },
    },
    'UNKNOWN',
    ['TARGET_UNRESOLVED'],
  ],
])('%s', (_, asked, kind, codes) => {
  const verdict = ask(asked);
  expect({ kind: verdict.kind, codes: verdict.reasons.map((reason) => reason.code) }).toEqual({
    kind,
    codes,
  });
});

test('it asks for no state and is refused by nothing: it takes one transition', () =>
  expect(ask(comingIn(plain))).toMatchObject({
    route: 'REVERSE',
    errno: null,
    steps: [
      { action: 'REVERSE', patch: 'incoming' },
      { action: 'WAIT', patch: 'incoming' },
    ],
    price: { transitions: 1, transitionsUnpatched: 0, reboots: 0, cvesReopened: [] },
  }));

test('what no promise covers is said, and which callbacks are not known', () => {
  const details = (asked: Asked) => ask(asked).reasons.map(({ detail }) => detail);
  expect(details(comingIn({ ...promised('CALLBACKS'), callbacks: null }))).toEqual([
    'reversed, only its post_unpatch runs',
    'its callbacks are not known, MODULE is required',
  ]);
  expect(details(goingOut(manifest('p', { 7: 1 }, { callbacks: null })))).toEqual([
    'reversed, post_patch runs again after pre_unpatch',
  ]);
});
