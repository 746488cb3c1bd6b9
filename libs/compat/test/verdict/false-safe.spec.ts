import type { Reading, ReasonCode } from '../../src/index.js';
import {
  type Asked,
  ask,
  authorState,
  capabilities,
  unlisted,
  leftover,
  listed,
  manifest,
  newer,
  NO_CALLBACKS,
  older,
  promising,
  sightings,
  states,
  UNPATCH_CALLBACKS,
  statement,
} from '../../src/testing/index.js';

// The hunt for a false SAFE. Each row is a trap: someone could think that it is safe to go, and it is not.

const reading = (differs: Partial<Reading> = {}): Reading => ({
  evidence: 'LIVE',
  replace: true,
  states: states({ 7: 1 }),
  impact: 'DECLARED',
  callbacks: null,
  ...differs,
});
const KERNEL = {
  release: '6.12.95+deb13-amd64',
  version: '#1 SMP Debian 6.12.95-1',
  arch: 'x86_64',
  buildId: null,
};
const stateless = manifest('stateless');
const undeclared = manifest('undeclared', {}, { impact: 'UNDECLARED', callbacks: UNPATCH_CALLBACKS });
const gone = manifest('gone', { 9: 1 });
const hand = (states: [number, number][]) =>
  statement({ states: states.map(([id, version]) => authorState(id, version)) });
const n = (name: string, written = {}, differs = {}) =>
  manifest(name, written, { replace: false, ...differs });
const original: Asked = { to: { kind: 'ORIGINAL' } };

test('the plain question is safe, so that each row below differs in one thing', () => {
  expect(ask()).toMatchObject({ kind: 'SAFE', route: 'REPLACE', reasons: [], errno: null });
});

describe('what left the list earlier in this boot', () => {
  rows([
    [
      'a replaced patch whose module was removed still left its state behind',
      { host: { unlisted: [unlisted(gone)] }, published: [gone] },
      'STATE_LEFT_BEHIND',
    ],
    [
      'a forced patch never ran its callbacks',
      {
        host: { unlisted: [unlisted(promising('forced', { 9: 1 }), 'FORCED')] },
        published: [promising('forced', { 9: 1 })],
      },
      'STATE_LEFT_BEHIND',
    ],
    [
      'a leftover counts although it was not observed to leave',
      { host: { leftovers: [leftover(gone)] }, published: [gone] },
      'STATE_LEFT_BEHIND',
    ],
    [
      'a leftover counts in addition to a patch that was observed to leave',
      {
        host: { unlisted: [unlisted(manifest('covered', { 7: 1 }))], leftovers: [leftover(gone)] },
        published: [manifest('covered', { 7: 1 }), gone],
      },
      'STATE_LEFT_BEHIND',
    ],
    [
      'so does another build of that patch',
      {
        host: {
          unlisted: [unlisted(manifest('gone', { 7: 1 }, { buildId: 'covered' }))],
          leftovers: [leftover(gone)],
        },
        published: [manifest('gone', { 7: 1 }, { buildId: 'covered' }), gone],
      },
      'STATE_LEFT_BEHIND',
    ],
    [
      'an undeclared leftover may have changed anything',
      { host: { leftovers: [leftover(undeclared)] }, published: [undeclared] },
      'STATES_UNDECLARED',
    ],
    [
      'a leftover that is not published may have changed anything',
      { host: { leftovers: [leftover(gone)] } },
      'PATCH_NOT_CATALOGUED',
    ],
    [
      'a leftover without a build-id may be anything',
      { host: { leftovers: [leftover(older, { name: 'unheard_of', buildId: null })] } },
      'PATCH_NOT_CATALOGUED',
    ],
    [
      'a leftover of a known name and another build-id is not the known one',
      { host: { leftovers: [leftover(newer, { name: 'other', buildId: 'id-of-nothing' })] } },
      'PATCH_NOT_CATALOGUED',
    ],
    [
      'what was replaced is still there when nothing is to be done',
      { list: [older], host: { unlisted: [unlisted(gone)] }, published: [gone] },
      'STATE_LEFT_BEHIND',
    ],
    [
      'what was replaced is still there when everything is disabled',
      {
        ...original,
        list: [promising('p', { 7: 1 })],
        host: { unlisted: [unlisted(gone)] },
        published: [gone],
      },
      'STATE_LEFT_BEHIND',
    ],
    [
      'a patch disabled earlier without callbacks left its state modified',
      { host: { unlisted: [unlisted(gone, 'DISABLED')] }, published: [gone] },
      'STATE_NOT_RESTORED',
    ],
    [
      'a listed patch covers an earlier state only at its version',
      {
        host: { unlisted: [unlisted(manifest('higher', { 7: 2 }))] },
        published: [manifest('higher', { 7: 2 })],
      },
      'STATE_LEFT_BEHIND',
    ],
    [
      'an unsigned word of a listed patch does not cover an earlier state',
      {
        list: [manifest('newer', { 7: 1 }, { author: { ...hand([[9, 1]]), evidence: 'UNSIGNED' } })],
        to: manifest('older', { 7: 1 }, { author: hand([[9, 1]]) }),
        host: { unlisted: [unlisted(gone)] },
        published: [gone],
      },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'a directory that is going away (enabled 0, transition 0) no longer counts as the target being there',
      { list: [listed(older, { enabled: false })], published: [older] },
      'MODULE_STILL_LOADED',
    ],
  ]);
});

describe('words that are not good enough', () => {
  rows([
    [
      'an unsigned author cannot say that nothing was changed',
      { list: [{ ...undeclared, author: statement({ impactNone: true, evidence: 'UNSIGNED' }) }] },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'an unsigned word cannot turn an undeclared patch into a declared one',
      { list: [{ ...undeclared, author: { ...hand([[7, 1]]), evidence: 'UNSIGNED' } }] },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'an unsigned word of the target cannot take over a state',
      {
        list: [{ ...undeclared, author: hand([[8, 1]]) }],
        to: manifest('older', { 7: 1 }, { author: { ...hand([[8, 1]]), evidence: 'UNSIGNED' } }),
      },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'NONE without the file is a claim',
      { list: [manifest('n', {}, { evidence: 'UNSIGNED' })] },
      'STATES_UNDECLARED',
    ],
    [
      'NONE on the host’s own word is a claim',
      {
        list: [listed(stateless, { reading: reading({ evidence: 'INFERRED', states: [], impact: 'NONE' }) })],
      },
      'STATES_UNDECLARED',
    ],
    [
      'states on the host’s own word are a claim',
      { list: [listed(newer, { buildId: 'id-of-nothing', reading: reading({ evidence: 'INFERRED' }) })] },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'signed facts are still not the file',
      { list: [{ ...newer, evidence: 'MANIFEST' }] },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'the target’s states need the file too',
      { to: { ...older, evidence: 'UNSIGNED' } },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'an unsigned promise promises nothing',
      {
        ...original,
        list: [
          promising(
            'p',
            { 7: 1 },
            { author: statement({ evidence: 'UNSIGNED', states: [authorState(7, 1, 'CALLBACKS')] }) },
          ),
        ],
      },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'an unsigned "not needed" promises nothing',
      {
        ...original,
        list: [
          manifest(
            'p',
            { 7: 1 },
            { author: statement({ evidence: 'UNSIGNED', states: [authorState(7, 1, 'NOT_NEEDED')] }) },
          ),
        ],
      },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'callbacks that only an unsigned upload shows may not exist',
      {
        ...original,
        list: [listed(newer, { reading: reading() })],
        published: [promising('newer', { 7: 1 }, { evidence: 'UNSIGNED' })],
      },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'live states do not make an unpublished patch ours',
      { list: [listed(newer, { buildId: 'id-of-nothing', reading: reading() })] },
      'PATCH_NOT_CATALOGUED',
    ],
    [
      'a proof of no states next to a callback is no proof',
      { list: [manifest('n', {}, { callbacks: { ...NO_CALLBACKS, postPatch: true } })] },
      'STATES_UNDECLARED',
    ],
    [
      'states that are written at run time are not those of the file',
      { list: [manifest('newer', { 7: 1 }, { impact: 'UNREADABLE' })] },
      'STATES_UNREADABLE',
    ],
    [
      'a target that writes its states at run time may bring others',
      { to: manifest('older', {}, { states: null, impact: 'UNREADABLE' }) },
      'STATES_UNREADABLE',
    ],
    [
      'independence that only an unsigned upload supports',
      {
        list: [
          promising('below', { 7: 1 }, { replace: false }),
          n('above', {}, { evidence: 'UNSIGNED', author: statement({ independentOf: ['below'] }) }),
        ],
        to: {
          kind: 'PATCH',
          patch: n('above', {}, { evidence: 'UNSIGNED', author: statement({ independentOf: ['below'] }) }),
          leaving: ['below'],
        },
        question: { routes: ['DISABLE'] },
      },
      'STACK_DEPENDENCY_UNKNOWN',
    ],
  ]);
});

describe('sources that disagree', () => {
  rows([
    [
      'the live kernel has other states than the file',
      {
        list: [listed(newer, { reading: reading({ states: states({ 7: 1, 8: 1 }) }) })],
        published: [newer],
        to: manifest('older', { 7: 1, 8: 1 }),
      },
      'EVIDENCE_CONFLICT',
    ],
    [
      'sysfs shows another replace flag than the file',
      { list: [listed(newer, { replace: false })], published: [newer] },
      'EVIDENCE_CONFLICT',
    ],
    [
      'two uploads of the same build-id disagree',
      { list: [{ ...newer, conflicts: ['sha256'] }] },
      'EVIDENCE_CONFLICT',
    ],
    ['the target is in conflict', { to: { ...older, conflicts: ['states'] } }, 'EVIDENCE_CONFLICT'],
    [
      'the live kernel shows no callback where the file has one',
      {
        ...original,
        list: [listed(newer, { reading: reading({ callbacks: NO_CALLBACKS }) })],
        published: [promising('newer', { 7: 1 })],
      },
      'STATE_NOT_RESTORED',
    ],
    [
      'a conflict cannot be waved through',
      { list: [{ ...newer, conflicts: ['states'] }], question: { allow: ['EVIDENCE_CONFLICT'] } },
      'EVIDENCE_CONFLICT',
    ],
    [
      'a patch in conflict cannot take over the state of one that is disabled',
      {
        list: [{ ...n('keeps', { 7: 1 }), conflicts: ['states'] }, n('goes', { 7: 1 })],
        to: { kind: 'PATCH', patch: n('keeps', { 7: 1 }), leaving: ['goes'] },
        question: { routes: ['DISABLE'] },
      },
      'EVIDENCE_CONFLICT',
    ],
    [
      'nor can one in conflict by its author’s word',
      {
        list: [{ ...n('keeps', {}, { author: hand([[7, 1]]) }), conflicts: ['author'] }, n('goes', { 7: 1 })],
        to: { kind: 'PREVIOUS' },
        host: { previous: ['id-of-keeps'] },
        question: { routes: ['DISABLE'] },
      },
      'EVIDENCE_CONFLICT',
    ],
  ]);
});

describe('harm that the kernel accepts', () => {
  rows([
    [
      'the author declares a higher version than the module',
      { list: [manifest('newer', { 7: 1 }, { author: hand([[7, 3]]) })], to: manifest('older', { 7: 2 }) },
      'STATE_LEFT_BEHIND',
    ],
    [
      'a stateless build whose author declares a state',
      { list: [{ ...undeclared, author: hand([[8, 1]]) }] },
      'STATE_LEFT_BEHIND',
    ],
    [
      'a kernel without the check accepts what drops a state',
      {
        host: { capabilities: capabilities({ symbols: ['klp_enable_patch'] }), kernelRelease: '5.4.0' },
        list: [manifest('newer', { 7: 1, 8: 1 }, { kernelRelease: '5.4.0' })],
        to: { ...older, kernelRelease: '5.4.0' },
      },
      'STATE_LEFT_BEHIND',
    ],
    [
      'an undeclared patch may have changed anything',
      { list: [undeclared], to: stateless },
      'STATES_UNDECLARED',
    ],
    [
      'a promise of callbacks where there is none',
      { ...original, list: [promising('p', { 7: 1 }, { callbacks: NO_CALLBACKS })] },
      'STATE_NOT_RESTORED',
    ],
    [
      'a promise of callbacks where only enabling has some',
      {
        ...original,
        list: [promising('p', { 7: 1 }, { callbacks: { ...NO_CALLBACKS, prePatch: true, postPatch: true } })],
      },
      'STATE_NOT_RESTORED',
    ],
    [
      'a promise of callbacks that cannot be read',
      { ...original, list: [promising('p', { 7: 1 }, { callbacks: null })] },
      'RESTORE_NOT_PROMISED',
    ],
    [
      'a promise for one of two states',
      {
        ...original,
        list: [
          manifest(
            'p',
            { 7: 1, 8: 1 },
            { callbacks: UNPATCH_CALLBACKS, author: statement({ states: [authorState(7, 1, 'CALLBACKS')] }) },
          ),
        ],
      },
      'RESTORE_NOT_PROMISED',
    ],
    [
      'two words for one state: the worse one holds',
      {
        ...original,
        list: [
          manifest(
            'p',
            { 7: 1 },
            {
              callbacks: UNPATCH_CALLBACKS,
              author: statement({
                states: [authorState(7, 1, 'IMPOSSIBLE'), authorState(7, 1, 'CALLBACKS')],
              }),
            },
          ),
        ],
      },
      'STATE_IRREVERSIBLE',
    ],
    [
      'a state that cannot be restored',
      {
        ...original,
        list: [
          manifest(
            'p',
            { 7: 1 },
            {
              callbacks: UNPATCH_CALLBACKS,
              author: statement({ states: [authorState(7, 1, 'IMPOSSIBLE')] }),
            },
          ),
        ],
      },
      'STATE_IRREVERSIBLE',
    ],
    [
      'a patch of another owner is discarded',
      { list: [newer, n('theirs', {}, { owner: 'vendor' })] },
      'FOREIGN_PATCH_DISCARDED',
    ],
    [
      'a patch of another owner is disabled because it stands in the way',
      {
        list: [promising('theirs', { 8: 1 }, { owner: 'vendor' })],
        question: { routes: ['DISABLE_THEN_LOAD'] },
      },
      'FOREIGN_PATCH_DISCARDED',
    ],
    ['the target is recalled', { to: { ...older, recalled: true } }, 'TARGET_RECALLED'],
    [
      'the target is recalled and running',
      { list: [{ ...older, recalled: true }], to: { ...older, recalled: true } },
      'TARGET_RECALLED',
    ],
    [
      'an earlier list had a recalled patch at its bottom',
      {
        list: [{ ...n('a'), recalled: true }, n('b'), n('c')],
        to: { kind: 'PREVIOUS' },
        host: { previous: ['id-of-a', 'id-of-b'] },
        question: { routes: ['DISABLE'] },
      },
      'TARGET_RECALLED',
    ],
    [
      'a build for another kernel that symbol versions let in',
      {
        list: [{ ...newer, modversions: true }],
        to: { ...older, kernelRelease: '6.12.94+deb13-amd64', modversions: true },
      },
      'TARGET_BUILT_FOR_OTHER_KERNEL',
    ],
    [
      'the callbacks of the patch that goes would take away a state of the patch that stays',
      {
        list: [n('stays', { 7: 1 }), promising('goes', { 7: 1 }, { replace: false })],
        to: { kind: 'PATCH', patch: n('stays', { 7: 1 }), leaving: ['goes'] },
        question: { routes: ['DISABLE'] },
      },
      'STACK_DEPENDENCY_UNKNOWN',
    ],
    [
      'the patch that stays may rest on the one below it',
      {
        list: [n('below'), n('above')],
        to: { kind: 'PATCH', patch: n('above'), leaving: ['below'] },
        question: { routes: ['DISABLE'] },
      },
      'STACK_DEPENDENCY_UNKNOWN',
    ],
    [
      'a state that no callback restores is not handed over once its patch was disabled',
      {
        list: [manifest('newer', { 7: 1 }, { name: 'same' })],
        to: manifest('older', { 7: 1 }, { name: 'same' }),
        question: { routes: ['DISABLE_THEN_LOAD'] },
      },
      'STATE_NOT_RESTORED',
    ],
  ]);
});

describe('a target that is not where it seems to be', () => {
  rows([
    [
      'a non-cumulative target without a word on what leaves',
      { to: n('older', { 7: 1 }) },
      'TARGET_UNRESOLVED',
    ],
    ['a target already listed beneath another patch', { list: [older, n('top')] }, 'MODULE_NAME_TAKEN'],
    [
      'it is not known whether the target replaces',
      { to: manifest('older', { 7: 1 }, { replace: null }) },
      'REPLACE_UNKNOWN',
    ],
    [
      'a listed target of unknown kind has company',
      {
        list: [manifest('older', { 7: 1 }, { replace: null }), n('top')],
        to: manifest('older', { 7: 1 }, { replace: null }),
      },
      'REPLACE_UNKNOWN',
    ],
    [
      'a listed target has company, and sources disagree on whether it replaces',
      {
        list: [
          listed(older, { replace: null, reading: reading({ evidence: 'INFERRED', replace: false }) }),
          n('top'),
        ],
        to: older,
        question: { routes: ['DISABLE'] },
      },
      'EVIDENCE_CONFLICT',
    ],
    [
      'a listed target has company, and only an unsigned upload says that it does not replace',
      {
        list: [n('older', {}, { evidence: 'UNSIGNED' }), n('top')].map((patch, i) =>
          i === 0 ? listed(patch, { replace: null }) : patch,
        ),
        to: n('older', {}, { evidence: 'UNSIGNED' }),
      },
      'EVIDENCE_TOO_WEAK',
    ],
    [
      'the same name leaves, and the target bears it and is there already',
      {
        list: [n('fix', {}, { buildId: 'fix-1' })],
        to: { kind: 'PATCH', patch: n('fix', {}, { buildId: 'fix-1' }), leaving: ['fix'] },
        question: { routes: ['DISABLE'] },
      },
      'TARGET_UNRESOLVED',
    ],
    [
      'a patch that is to stay stands in the way of a non-cumulative target',
      {
        list: [promising('newer', { 7: 2 })],
        to: n('older', { 7: 1 }),
        question: { routes: ['DISABLE_THEN_LOAD'] },
      },
      'STATE_VERSION_TOO_LOW',
    ],
    [
      'one load does not bring back a list of two',
      {
        list: [newer],
        to: { kind: 'PREVIOUS' },
        host: { previous: ['id-of-a', 'id-of-b'] },
        published: [n('a', { 7: 1 }), n('b', { 7: 1 })],
        question: { routes: ['REPLACE', 'STACK', 'DISABLE_THEN_LOAD'] },
      },
      'TARGET_UNRESOLVED',
    ],
    ['there is no earlier list', { to: { kind: 'PREVIOUS' } }, 'TARGET_UNRESOLVED'],
    [
      'a target that is not published, whatever is allowed',
      { to: { kind: 'UNCATALOGUED', buildId: 'x' }, question: { allow: ['PATCH_NOT_CATALOGUED'] } },
      'PATCH_NOT_CATALOGUED',
    ],
    ['a reboot about which nothing is reported', { question: { routes: ['REBOOT'] } }, 'BOOT_UNKNOWN'],
    [
      'a reboot into another kernel that loads nothing',
      { host: { boot: { kernelRelease: '6.1.0', loads: [] } }, question: { routes: ['REBOOT'] } },
      'BOOT_UNKNOWN',
    ],
    ['no route at all', { question: { routes: [] } }, 'TARGET_UNRESOLVED'],
    [
      'a release without a build for this kernel',
      {
        to: { kind: 'RELEASE', release: 'release-of-older' },
        published: [{ ...older, kernelRelease: '6.1.0' }],
      },
      'TARGET_NOT_BUILT_FOR_KERNEL',
    ],
  ]);
});

describe('the loader', () => {
  rows([
    [
      'the target’s own module is still loaded',
      { host: { leftovers: [leftover(older)] } },
      'MODULE_STILL_LOADED',
    ],
    [
      'a dash in the file name is an underscore in the kernel',
      {
        to: manifest('lp-1', { 7: 1 }),
        host: { leftovers: [leftover(manifest('lp_1', { 7: 1 }, { buildId: 'x' }))] },
        published: [manifest('lp_1', { 7: 1 }, { buildId: 'x' })],
      },
      'MODULE_STILL_LOADED',
    ],
    [
      'a listed patch has the target’s name with a dash',
      { list: [listed(newer, { name: 'lp-1' })], published: [newer], to: manifest('lp_1', { 7: 1 }) },
      'MODULE_NAME_TAKEN',
    ],
    [
      'a pinned leftover has the target’s name and another build-id',
      {
        to: manifest('older', { 7: 1 }),
        host: {
          leftovers: [leftover(manifest('older', {}, { buildId: 'x' }), { referenced: true, pinned: true })],
        },
        published: [manifest('older', { 7: 1 }, { buildId: 'x' })],
      },
      'MODULE_PINNED',
    ],
    [
      'a pinned leftover cannot be removed on the way',
      {
        list: [promising('newer', { 7: 1 })],
        host: { leftovers: [leftover(older, { referenced: true, pinned: true })] },
        question: { routes: ['DISABLE_THEN_LOAD'] },
      },
      'MODULE_PINNED',
    ],
    [
      'a pinned leftover without a reference cannot be removed on the way either',
      {
        list: [],
        host: { leftovers: [leftover(older, { pinned: true })] },
        question: { routes: ['DISABLE_THEN_LOAD'] },
      },
      'MODULE_PINNED',
    ],
    [
      'the target was never loaded on this kernel',
      { catalog: { sightings: () => [] } },
      'SYMBOLS_UNVERIFIED',
    ],
    [
      'the target was loaded on another build of this kernel',
      {
        catalog: {
          sightings: () => sightings(older, { kernel: { ...KERNEL, version: '#1 SMP Debian 6.12.95-2' } }),
        },
      },
      'SYMBOLS_UNVERIFIED',
    ],
    [
      'the target patches a module, and was only ever loaded where that module was not',
      {
        to: manifest('older', { 7: 1 }, { functions: ['vmlinux:a,1', 'nf_tables:b,1'] }),
        catalog: { sightings: () => sightings(older, { objects: ['vmlinux'] }) },
      },
      'SYMBOLS_UNVERIFIED',
    ],
    [
      'it is not known which objects the target patches',
      { to: manifest('older', { 7: 1 }, { functions: null }) },
      'SYMBOLS_UNVERIFIED',
    ],
    [
      'the target’s pre_patch may refuse',
      {
        to: manifest('older', { 7: 1 }, { callbacks: { ...NO_CALLBACKS, prePatch: true } }),
        catalog: { sightings: () => [] },
      },
      'PRE_PATCH_MAY_REFUSE',
    ],
    ['the target is not marked as a livepatch', { to: { ...older, livepatch: false } }, 'NOT_A_LIVEPATCH'],
    [
      'another architecture',
      { to: { ...older, arch: 'aarch64', modversions: true } },
      'TARGET_NOT_BUILT_FOR_KERNEL',
    ],
  ]);
  test('a module that was once patched by this build on this kernel is verified', () =>
    expect(ask({ to: manifest('older', { 7: 1 }, { functions: ['nf_tables:b,1'] }) }).kind).toBe('SAFE'));
});

describe('the kernel and its rules', () => {
  const release = (kernelRelease: string, probed: Partial<ReturnType<typeof capabilities>>): Asked => ({
    list: [{ ...newer, kernelRelease }],
    to: { ...older, kernelRelease },
    host: { kernelRelease, capabilities: capabilities(probed) },
  });
  rows([
    [
      'a kernel without livepatch',
      {
        list: [],
        host: { capabilities: capabilities({ livepatch: false, symbols: [], stateFields: null }) },
      },
      'NOT_A_LIVEPATCH',
    ],
    [
      'a kernel newer than 7.3 that told nothing',
      release('7.4.0', { symbols: null, stateFields: null, replaceSetAttribute: null }),
      'RULES_UNKNOWN',
    ],
    [
      'RHEL 4.18 without the state check',
      release('4.18.0-553.el8.x86_64', { symbols: ['klp_enable_patch'], stateFields: null }),
      'RULES_UNKNOWN',
    ],
    [
      'a list of symbols cut short proves no absence',
      {
        ...release('5.3.0', { symbols: ['klp_enable_patch'], symbolsComplete: false, stateFields: null }),
        to: manifest('older', {}, { kernelRelease: '5.3.0' }),
      },
      'RULES_UNKNOWN',
    ],
    [
      'a kernel with replace sets, which no file tells',
      release('7.5.0', { replaceSetAttribute: true }),
      'RULES_UNKNOWN',
    ],
    [
      'a kernel that may forbid disabling, which no file tells',
      {
        ...release('7.5.0', { stateFields: ['id', 'callbacks', 'block_disable', 'is_shadow'] }),
        list: [promising('newer', { 7: 1 })],
        to: { kind: 'ORIGINAL' },
      },
      'RULES_UNKNOWN',
    ],
    [
      'the enabling of another patch is open',
      {
        list: [older, listed(newer, { transition: true })],
        published: [newer],
        to: manifest('third', { 7: 1 }),
      },
      'TRANSITION_IN_PROGRESS',
    ],
    [
      'a patch that is being disabled still counts',
      {
        list: [listed(manifest('five', { 7: 5 }), { enabled: false, transition: true })],
        published: [manifest('five', { 7: 5 })],
      },
      'STATE_VERSION_TOO_LOW',
    ],
    [
      'a transition that was reversed is still open',
      { list: [older, listed(newer, { enabled: false, transition: true })], published: [newer] },
      'TRANSITION_IN_PROGRESS',
    ],
    [
      'the target is listed and its own transition is still open',
      { list: [listed(older, { transition: true })], published: [older] },
      'TRANSITION_IN_PROGRESS',
    ],
    [
      'an id 0 ends the target’s states before the one that is needed',
      {
        to: manifest('older', [
          [1, 1],
          [0, 0],
          [7, 1],
        ]),
      },
      'STATE_MISSING_IN_TARGET',
    ],
    [
      'an id 0 at the head declares nothing',
      {
        list: [
          manifest(
            'zero',
            [
              [0, 5],
              [7, 1],
            ],
            { impact: 'DECLARED' },
          ),
        ],
      },
      'STATES_UNDECLARED',
    ],
    [
      'every duplicate of a listed patch counts',
      {
        list: [
          manifest('newer', [
            [7, 1],
            [7, 3],
          ]),
        ],
        to: manifest('older', { 7: 2 }),
      },
      'STATE_VERSION_TOO_LOW',
    ],
    [
      'only the first duplicate of the target counts',
      {
        list: [manifest('newer', { 7: 2 })],
        to: manifest('older', [
          [7, 1],
          [7, 3],
        ]),
      },
      'STATE_VERSION_TOO_LOW',
    ],
    [
      'ids are not cut to 32 bits',
      { list: [manifest('newer', [[4294967303n, 1]])] },
      'STATE_MISSING_IN_TARGET',
    ],
    [
      'ids next to each other beyond 2^53 are two',
      {
        list: [manifest('newer', [[9007199254740993n, 1]])],
        to: manifest('older', [[9007199254740992n, 1]]),
      },
      'STATE_MISSING_IN_TARGET',
    ],
  ]);
});

describe('facts in doubt', () => {
  rows([
    ['a second beyond the age limit', { freshness: { ageSeconds: 901 } }, 'REPORT_STALE'],
    [
      'a stale report within a generous limit',
      { freshness: { level: 'STALE', ageSeconds: 1000 }, question: { maxAgeSeconds: 10_000 } },
      'REPORT_STALE',
    ],
    ['an age that is not known', { freshness: { ageSeconds: null } }, 'REPORT_STALE'],
    ['an age that is no number', { freshness: { ageSeconds: Number.NaN } }, 'REPORT_STALE'],
    ['a heartbeat with another digest came', { freshness: { superseded: true } }, 'REPORT_SUPERSEDED'],
    ['a host that looks cloned', { host: { suspect: true } }, 'IDENTITY_SUSPECT'],
    ['no report at all', { freshness: { level: 'NEVER', ageSeconds: null } }, 'NEVER_REPORTED'],
    [
      'no report at all, whatever is allowed',
      { freshness: { level: 'NEVER', ageSeconds: null }, question: { allow: ['NEVER_REPORTED'] } },
      'NEVER_REPORTED',
    ],
  ]);
  test('exactly at the age limit is still within it', () =>
    expect(ask({ freshness: { ageSeconds: 900 } }).kind).toBe('SAFE'));
});

function rows(table: [sentence: string, asked: Asked, code: ReasonCode][]): void {
  test.each(table)('%s', (_, asked, code) => {
    const { kind, reasons } = ask(asked);
    expect(reasons.map((reason) => reason.code)).toContain(code);
    expect(kind).not.toBe('SAFE');
  });
}
