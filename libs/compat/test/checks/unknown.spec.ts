import {
  canBeAllowed,
  type Evidence,
  type LoadSighting,
  type Reading,
  REASON_CODES,
} from '../../src/index.js';
import { type RequiredEvidence, requiredAt } from '../../src/facts/manifest.js';
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
import { reasonTable } from '../reason-table.js';

const original: Asked = { to: { kind: 'ORIGINAL' } };
const undeclared = manifest('undeclared', {}, { impact: 'UNDECLARED', callbacks: UNPATCH_CALLBACKS });
const unreadable = manifest('unreadable', {}, { states: null, impact: 'UNREADABLE' });
const live = (differs: Partial<Reading> = {}): Reading => ({
  evidence: 'LIVE',
  replace: true,
  states: states({ 7: 1 }),
  impact: 'DECLARED',
  callbacks: null,
  ...differs,
});
const n = (name: string, written = {}, differs = {}) =>
  manifest(name, written, { replace: false, ...differs });
const unseen = { catalog: { sightings: () => [] } };

reasonTable('RESTORE_NOT_PROMISED', [
  [
    'unpatch callbacks, and no statement about what they do',
    { ...original, list: [manifest('p', { 7: 1 }, { callbacks: UNPATCH_CALLBACKS })] },
    [{ kind: 'UNKNOWN', patch: 'p', stateId: 7n, clearedBy: 'AUTHOR' }],
  ],
  [
    'callbacks that could not be read',
    { ...original, list: [promising('p', { 7: 1 }, { callbacks: null })] },
    [{ patch: 'p' }],
  ],
  ['a signed promise', { ...original, list: [promising('p', { 7: 1 })] }, []],
  [
    'nothing needs restoring',
    {
      ...original,
      list: [
        manifest(
          'p',
          { 7: 1 },
          { callbacks: UNPATCH_CALLBACKS, author: statement({ states: [authorState(7, 1, 'NOT_NEEDED')] }) },
        ),
      ],
    },
    [],
  ],
  ['a replace runs no unpatch callback', {}, []],
]);

reasonTable('STATES_UNDECLARED', [
  [
    'callbacks, shadow variables or init code, and no states',
    { list: [undeclared] },
    [{ kind: 'UNKNOWN', patch: 'undeclared', buildId: 'id-of-undeclared', clearedBy: 'AUTHOR' }],
  ],
  ['also where it is disabled', { ...original, list: [undeclared] }, [{ patch: 'undeclared' }]],
  [
    'also where it left earlier',
    { host: { unlisted: [unlisted(undeclared)] }, published: [undeclared] },
    [{ patch: 'undeclared' }],
  ],
  [
    'its author declares what it changes',
    { list: [{ ...undeclared, author: statement({ states: [authorState(7, 1)] }) }] },
    [],
  ],
  [
    'its author says that it changes nothing',
    { list: [{ ...undeclared, author: statement({ impactNone: true }) }] },
    [],
  ],
  ['the file proves that it changes nothing', { list: [manifest('none')] }, []],
  ['it stays', { list: [undeclared], to: n('top'), question: { routes: ['STACK'] } }, []],
  ['its states cannot be read: that is said instead', { list: [unreadable] }, []],
]);

reasonTable('STATES_UNREADABLE', [
  [
    'the live kernel was read although the module writes its states at run time',
    { list: [listed(unreadable, { reading: live({ impact: 'UNREADABLE' }) })], published: [unreadable] },
    [],
  ],
  ['a listed patch', { list: [unreadable] }, [{ kind: 'UNKNOWN', patch: 'unreadable' }]],
  ['the target', { to: unreadable }, [{ patch: 'unreadable' }]],
  [
    'what left earlier',
    { host: { leftovers: [leftover(unreadable)] }, published: [unreadable] },
    [{ patch: 'unreadable' }],
  ],
  [
    'what left earlier and is still loaded, and the host itself cannot read it',
    {
      host: {
        unlisted: [unlisted(newer)],
        leftovers: [leftover(newer, { reading: live({ states: null }) })],
      },
      published: [newer],
    },
    [{ patch: 'newer' }],
  ],
  [
    'the live kernel knows what the file does not tell',
    { list: [listed(unreadable, { reading: live() })], published: [unreadable] },
    [],
  ],
]);

reasonTable('REPLACE_UNKNOWN', [
  [
    'a target of unknown kind over a list',
    { to: { ...older, replace: null } },
    [{ kind: 'UNKNOWN', patch: 'older' }],
  ],
  [
    'on top of a list',
    { to: { ...older, replace: null }, question: { routes: ['STACK'] } },
    [{ patch: 'older' }],
  ],
  [
    'it is listed and has company',
    { list: [{ ...older, replace: null }, n('top')], to: { ...older, replace: null } },
    [{ patch: 'older' }],
  ],
  ['on an empty list both come to the same', { list: [], to: { ...older, replace: null } }, []],
  [
    'also where everything is disabled first',
    {
      list: [promising('p', { 7: 1 })],
      to: { kind: 'PATCH', patch: { ...older, replace: null }, leaving: ['p'] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [],
  ],
  [
    'sysfs tells it where it is listed',
    {
      list: [listed(older, { replace: true }), n('top')],
      published: [{ ...older, replace: null }],
      to: { ...older, replace: null },
    },
    [],
  ],
  ['of a patch that is listed it does not matter', { list: [{ ...newer, replace: null }] }, []],
]);

const below = promising('below', { 7: 1 }, { replace: false });
const above = (differs = {}) =>
  n('above', {}, { author: statement({ independentOf: ['below'] }), ...differs });
const without = (
  list: ReturnType<typeof manifest>[],
  leaving: string,
  stays: ReturnType<typeof manifest>,
): Asked => ({
  list,
  to: { kind: 'PATCH', patch: stays, leaving: [leaving] },
  question: { routes: ['DISABLE'] },
});
reasonTable('STACK_DEPENDENCY_UNKNOWN', [
  [
    'a patch above is replaced only later',
    { list: [promising('below', { 7: 2 }), n('above')], question: { routes: ['DISABLE_THEN_LOAD'] } },
    [{ patch: 'above', other: 'below' }],
  ],
  [
    'one patch above two that are disabled',
    {
      list: [n('one'), n('two'), n('above')],
      to: { kind: 'PATCH', patch: n('above'), leaving: ['one', 'two'] },
      question: { routes: ['DISABLE'] },
    },
    [{ other: 'two' }, { other: 'one' }],
  ],
  [
    'independence is promised, and sources disagree about the one that stays',
    without([below, above({ conflicts: ['functions'] })], 'below', above()),
    [{ patch: 'above' }],
  ],
  [
    'a shared state that needs no restoring',
    without(
      [
        n('stays', { 7: 1 }),
        n(
          'goes',
          { 7: 1 },
          { callbacks: UNPATCH_CALLBACKS, author: statement({ states: [authorState(7, 1, 'NOT_NEEDED')] }) },
        ),
      ],
      'goes',
      n('stays', { 7: 1 }),
    ),
    [],
  ],
  [
    'a patch stays above the one that is disabled',
    without([below, n('above')], 'below', n('above')),
    [{ kind: 'UNKNOWN', patch: 'above', other: 'below' }],
  ],
  [
    'independence is promised, and they share a function',
    without([below, above({ functions: below.functions })], 'below', above()),
    [{ patch: 'above' }],
  ],
  [
    'independence is promised, and the functions of the one that is disabled cannot be read',
    without([{ ...below, functions: null }, above()], 'below', above()),
    [{ patch: 'above' }],
  ],
  [
    'independence is promised, and the functions cannot be read',
    without([below, above({ functions: null })], 'below', above()),
    [{ patch: 'above' }],
  ],
  [
    'the callbacks may take away a state that the one below holds too',
    without([n('stays', { 7: 1 }), below], 'below', n('stays', { 7: 1 })),
    [{ patch: 'stays', other: 'below', stateId: 7n }],
  ],
  [
    'independence is promised, and the functions are disjoint',
    without([below, above()], 'below', above()),
    [],
  ],
  [
    'it is promised by the name in the file',
    without(
      [
        promising('be-low', { 7: 1 }, { replace: false }),
        above({ author: statement({ independentOf: ['be-low'] }) }),
      ],
      'be-low',
      above(),
    ),
    [],
  ],
  ['the one that is disabled is on top', without([n('bottom'), below], 'below', n('bottom')), []],
  [
    'the one that stays above is not published, whatever the host has read',
    {
      list: [below, listed(n('above'), { reading: live({ replace: false, states: [], impact: 'NONE' }) })],
      published: [below],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-above'] },
      question: { routes: ['DISABLE'] },
    },
    [{ patch: 'above', other: 'below' }],
  ],
]);

const KERNEL = {
  release: '6.12.95+deb13-amd64',
  version: '#1 SMP Debian 6.12.95-1',
  arch: 'x86_64',
  buildId: null,
};
const shown = (...differs: Partial<LoadSighting>[]): Asked['catalog'] => {
  const seen = differs.flatMap((one) => sightings(older, one));
  return { sightings: (buildId) => (buildId === 'id-of-older' ? seen : []) };
};
const once = (differs: Partial<LoadSighting> = {}): Asked['catalog'] =>
  shown({ machine: 'the-only-one', ...differs });
const modules = { ...older, functions: ['nf_tables:f,1', 'vmlinux:g,1', 'xfs:f,1', 'xfs:g,1'] };

reasonTable('SYMBOLS_UNVERIFIED', [
  [
    'no machine showed this build on this kernel',
    unseen,
    [{ kind: 'UNKNOWN', patch: 'older', clearedBy: 'REPORT', detail: 'no machine showed it on this kernel' }],
  ],
  [
    'one machine is no proof, however often it reports',
    { catalog: once() },
    [{ detail: '1 of 2 machines that are needed showed it on this kernel' }],
  ],
  ['two machines did', {}, []],
  [
    'a question demands three',
    { question: { witnesses: 3 } },
    [{ detail: '2 of 3 machines that are needed showed it on this kernel' }],
  ],
  ['no question can do with one', { catalog: once(), question: { witnesses: 1 } }, [{ patch: 'older' }]],
  [
    'on a kernel of another version',
    { catalog: shown({ kernel: { ...KERNEL, version: '#2' } }) },
    [{ patch: 'older' }],
  ],
  [
    'on a kernel of another release',
    { catalog: shown({ kernel: { ...KERNEL, release: '6.12.94' } }) },
    [{ patch: 'older' }],
  ],
  [
    'on a kernel of another architecture',
    { catalog: shown({ kernel: { ...KERNEL, arch: 'aarch64' } }) },
    [{ patch: 'older' }],
  ],
  [
    'on a kernel of the same version and another build-id',
    { host: { kernelBuildId: 'aa' }, catalog: shown({ kernel: { ...KERNEL, buildId: 'bb' } }) },
    [{ patch: 'older' }],
  ],
  ['where one of the two kernels has no build-id', { host: { kernelBuildId: 'aa' } }, []],
  [
    'where the other of the two kernels has none',
    { catalog: shown({ kernel: { ...KERNEL, buildId: 'aa' } }) },
    [],
  ],
  [
    'where both have the same build-id',
    { host: { kernelBuildId: 'aa' }, catalog: shown({ kernel: { ...KERNEL, buildId: 'aa' } }) },
    [],
  ],
  [
    'one machine on each of two kernels',
    { catalog: shown({ machine: 'a', kernel: { ...KERNEL, version: '#2' } }, { machine: 'b' }) },
    [{ detail: '1 of 2 machines that are needed showed it on this kernel' }],
  ],
  ['it patches nothing but the kernel itself', { catalog: shown({ objects: [] }) }, []],
  [
    'no machine showed it patching two modules',
    { to: modules, catalog: shown({ objects: ['vmlinux'] }) },
    [{ patch: 'older', detail: 'fewer than 2 machines showed it patching nf_tables, xfs' }],
  ],
  [
    'one machine showed it patching the one module, one the other',
    {
      to: modules,
      catalog: shown({ machine: 'a', objects: ['nf_tables'] }, { machine: 'b', objects: ['xfs'] }),
    },
    [{ detail: 'fewer than 2 machines showed it patching nf_tables, xfs' }],
  ],
  [
    'each module was shown by two, though not by the same',
    { to: modules, catalog: shown({ objects: ['nf_tables'] }, { objects: ['xfs'] }) },
    [],
  ],
  [
    'it is not known what it patches',
    { to: { ...older, functions: null } },
    [{ detail: 'it is not known which objects it patches' }],
  ],
  ['a catalog that has no sightings', { catalog: { sightings: undefined } }, [{ patch: 'older' }]],
  [
    'an object named vmlinux by a string is never cleared',
    { to: { ...older, spellsVmlinux: true, patchesKernel: false }, list: [] },
    [{ detail: "one of its objects is named 'vmlinux' by a string: a module that is never loaded" }],
  ],
  [
    'it is not known how it names the kernel, and no machine showed that it is patched',
    { to: { ...older, spellsVmlinux: null }, catalog: shown({ objects: [] }) },
    [{ detail: 'fewer than 2 machines showed it patching vmlinux' }],
  ],
  [
    'it is not known how it names the kernel, and two machines showed that it is patched',
    { to: { ...older, spellsVmlinux: null } },
    [],
  ],
  [
    'a build for another kernel, though it was seen on this one',
    { to: { ...older, kernelRelease: '6.1.0', modversions: true }, catalog: shown({}) },
    [{ patch: 'older', detail: 'it was built for another kernel' }],
  ],
  ['nothing is loaded', { ...original, ...unseen, list: [promising('p', { 7: 1 })] }, []],
]);

test('what was counted for one kernel does not count for another', () => {
  const registry = shown({});
  const on = (kernelVersion: string) => ask({ host: { kernelVersion }, catalog: registry }).kind;
  expect([on(KERNEL.version), on('#2')]).toEqual(['SAFE', 'UNKNOWN']);
});

const pre = { ...older, callbacks: { ...NO_CALLBACKS, prePatch: true } };
reasonTable('PRE_PATCH_MAY_REFUSE', [
  [
    'a pre_patch callback, and this build was never loaded here',
    { ...unseen, to: pre },
    [{ kind: 'UNKNOWN', patch: 'older' }],
  ],
  ['its callbacks are not known', { ...unseen, to: { ...older, callbacks: null } }, [{ patch: 'older' }]],
  ['no pre_patch callback', unseen, []],
  ['two machines loaded it over the same states', { to: pre, catalog: shown({ over: '7:1' }) }, []],
  ['one machine did', { to: pre, catalog: once({ over: '7:1' }) }, [{ patch: 'older' }]],
  ['over other states', { to: pre, catalog: shown({ over: '7:2' }) }, [{ patch: 'older' }]],
  ['over no states', { to: pre, catalog: shown({ over: '' }) }, [{ patch: 'older' }]],
  ['over states that are not known', { to: pre, catalog: shown({ over: null }) }, [{ patch: 'older' }]],
  [
    'over states that are not known here',
    { list: [unreadable], to: pre, catalog: shown({ over: '' }) },
    [{ patch: 'older' }],
  ],
  [
    'over states that are known neither here nor there',
    { list: [unreadable], to: pre, catalog: shown({ over: null }) },
    [{ patch: 'older' }],
  ],
  [
    'over the same states, of an older patch that is replaced and a newer one that stays',
    {
      list: [n('replaced', { 7: 1 }), n('stays', { 8: 1 }, { replaceSet: 1n })],
      to: pre,
      catalog: shown({ over: '7:1 8:1' }),
      question: { rules: 'replace-set' },
    },
    [],
  ],
  [
    'what is disabled before is not below it',
    {
      list: [promising('p', { 8: 1 })],
      to: pre,
      catalog: shown({ over: '' }),
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [],
  ],
]);

reasonTable('EVIDENCE_CONFLICT', [
  [
    'the live kernel has other callbacks than the file',
    { list: [listed(newer, { reading: live({ callbacks: UNPATCH_CALLBACKS }) })], published: [newer] },
    [{ patch: 'newer' }],
  ],
  [
    'a patch in conflict covers what an earlier one left',
    {
      list: [{ ...older, conflicts: ['states'] }],
      to: older,
      host: { unlisted: [unlisted(newer)] },
      published: [newer],
    },
    [{ patch: 'older' }],
  ],
  [
    'the live kernel and the file',
    {
      list: [listed(newer, { reading: live({ states: states({ 7: 2 }) }) })],
      published: [newer],
      to: manifest('t', { 7: 2 }),
    },
    [{ kind: 'UNKNOWN', patch: 'newer', detail: 'what the host read' }],
  ],
  [
    'sysfs and the file',
    { list: [listed(newer, { replace: false })], published: [newer] },
    [{ detail: 'replace' }],
  ],
  ['two uploads', { to: { ...older, conflicts: ['sha256'] } }, [{ patch: 'older', detail: 'sha256' }]],
  ['they agree', { list: [listed(newer, { reading: live() })], published: [newer] }, []],
]);

reasonTable('EVIDENCE_TOO_WEAK', [
  [
    'sysfs shows whether a listed target replaces: no file is needed for that',
    {
      list: [n('older', {}, { evidence: 'UNSIGNED' }), n('top')],
      to: n('older', {}, { evidence: 'UNSIGNED' }),
    },
    [],
  ],
  [
    'states that only an unsigned upload tells',
    { list: [{ ...newer, evidence: 'UNSIGNED' }] },
    [{ kind: 'UNKNOWN', patch: 'newer', clearedBy: 'AUTHOR' }],
  ],
  ['the running kernel is demanded', { question: { evidence: 'LIVE' } }, [{ patch: 'newer' }]],
  [
    'the running kernel was read; what is not loaded cannot be',
    { list: [listed(newer, { reading: live() })], published: [newer], question: { evidence: 'LIVE' } },
    [],
  ],
  [
    'an unsigned statement is enough',
    { list: [{ ...newer, evidence: 'UNSIGNED' }], question: { evidence: 'UNSIGNED' } },
    [],
  ],
  [
    'an unsigned promise',
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
    [{ patch: 'p', detail: 'its author statement is UNSIGNED, MANIFEST is required' }],
  ],
  [
    'who keeps the state of another is unpublished, and only the host’s disk tells',
    {
      list: [
        listed(n('keeps'), { reading: live({ evidence: 'INFERRED', replace: false }) }),
        n('goes', { 7: 1 }),
      ],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-keeps'] },
      question: { routes: ['DISABLE'] },
    },
    [{ patch: 'keeps', detail: 'that it modifies state 7 is not known well enough' }],
  ],
  [
    'of two patches that hold the state of another, one is known well enough',
    {
      list: [
        listed(n('keeps'), { reading: live({ evidence: 'INFERRED', replace: false }) }),
        n('keeps_too', { 7: 1 }),
        n('goes', { 7: 1 }),
      ],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-keeps', 'id-of-keeps_too'] },
      question: { routes: ['DISABLE'] },
    },
    [],
  ],
  [
    'where sources disagree about who keeps it, that is said instead',
    without(
      [n('keeps', { 7: 1 }, { conflicts: ['states'] }), n('goes', { 7: 1 })],
      'goes',
      n('keeps', { 7: 1 }),
    ),
    [],
  ],
  [
    'an unsigned upload of the target will do',
    { to: { ...older, evidence: 'UNSIGNED' }, question: { evidence: 'UNSIGNED' } },
    [],
  ],
  [
    'an unsigned promise will do',
    {
      ...original,
      list: [
        promising(
          'p',
          { 7: 1 },
          { author: statement({ evidence: 'UNSIGNED', states: [authorState(7, 1, 'CALLBACKS')] }) },
        ),
      ],
      question: { evidence: 'UNSIGNED' },
    },
    [],
  ],
  [
    'a listed target that is alone need not be known',
    {
      list: [{ ...older, evidence: 'UNSIGNED', replace: null }],
      to: { ...older, evidence: 'UNSIGNED', replace: null },
    },
    [],
  ],
  [
    'of a listed target that has company its file is enough',
    {
      list: [listed(n('older'), { replace: null }), n('top')],
      to: n('older'),
      published: [n('older')],
      question: { evidence: 'LIVE' },
    },
    [],
  ],
  [
    'an earlier list is known by build-ids alone',
    {
      list: [listed(n('a'), { replace: null }), n('b')],
      published: [n('a', {}, { evidence: 'UNSIGNED' })],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-a'] },
      question: { routes: ['DISABLE'] },
    },
    [],
  ],
  ['parsed by the registry', {}, []],
]);

reasonTable('PATCH_NOT_CATALOGUED', [
  [
    'a listed patch that is not published',
    { list: [listed(newer)] },
    [{ kind: 'UNKNOWN', patch: 'newer', buildId: 'id-of-newer' }],
  ],
  [
    'a listed patch without a build-id',
    { list: [listed(newer, { buildId: null })], published: [newer] },
    [{ buildId: null }],
  ],
  ['a target that is not published', { to: { kind: 'UNCATALOGUED', buildId: 'x' } }, [{ buildId: 'x' }]],
  [
    'an unpublished patch that stays on the way out of another',
    without([n('stays'), below], 'below', n('stays')),
    [],
  ],
]);

reasonTable('TARGET_UNRESOLVED', [
  [
    'no earlier list is known',
    { to: { kind: 'PREVIOUS' } },
    [{ kind: 'UNKNOWN', clearedBy: 'NOTHING', detail: 'no earlier list of this boot is known' }],
  ],
  [
    'ORIGINAL without the route DISABLE',
    { ...original, question: { routes: ['REPLACE'] } },
    [{ route: 'REPLACE' }],
  ],
  [
    'a non-cumulative target under the routes of a gate',
    { to: n('older', { 7: 1 }) },
    [
      {
        route: 'STACK',
        detail: 'a non-cumulative target goes on top of what is listed: name the route STACK',
      },
    ],
  ],
  [
    'the earlier list was empty, and DISABLE is not named',
    { to: { kind: 'PREVIOUS' }, host: { previous: [] } },
    [{ route: 'NONE_NEEDED, REPLACE' }],
  ],
  [
    'it is there already, and NONE_NEEDED is not named',
    { list: [older], question: { routes: ['REPLACE'] } },
    [{ detail: 'the host is there already: name the route NONE_NEEDED' }],
  ],
  [
    'a non-cumulative target that is listed and has company',
    { list: [n('a'), n('b')], to: { kind: 'PATCH', patch: n('a'), leaving: ['b'] } },
    [{ route: 'NONE_NEEDED, REPLACE', detail: 'none of the routes asked for leads to that list' }],
  ],
  [
    'the earlier list of this boot',
    { to: { kind: 'PREVIOUS' }, host: { previous: ['id-of-older'] }, published: [older] },
    [],
  ],
  [
    'a non-cumulative target, and STACK is named',
    { to: n('older', { 7: 1 }), question: { routes: ['STACK'] } },
    [],
  ],
]);

const reporting = (kernelRelease: string, probed: Parameters<typeof capabilities>[0]): Asked => ({
  list: [{ ...newer, kernelRelease }],
  to: { ...older, kernelRelease },
  host: { kernelRelease, capabilities: capabilities(probed) },
});
reasonTable('RULES_UNKNOWN', [
  ['the asker chooses the rules of a proposal', { question: { rules: 'replace-set' } }, []],
  [
    'a new kernel about which nothing is reported',
    reporting('7.4.0', { symbols: null, stateFields: null, replaceSetAttribute: null }),
    [{ kind: 'UNKNOWN', clearedBy: 'REPORT', detail: 'klp-5.5 or block-disable or replace-set' }],
  ],
  [
    'an old kernel that no rules describe',
    reporting('4.18.0-553.el8.x86_64', { symbols: ['klp_enable_patch'] }),
    [{ detail: 'no rule set describes this kernel' }],
  ],
  [
    'with or without the check, and they differ',
    {
      ...reporting('5.3.0', { symbols: null, stateFields: null }),
      list: [manifest('newer', { 7: 2 }, { kernelRelease: '5.3.0' })],
    },
    [{ detail: 'none or klp-5.5' }],
  ],
  [
    'with or without the check, and both say yes',
    reporting('5.3.0', { symbols: null, stateFields: null }),
    [],
  ],
  [
    'the asker chooses the rules',
    { ...reporting('7.4.0', { symbols: null, stateFields: null }), question: { rules: 'klp-5.5' } },
    [],
  ],
  [
    'nothing is to be done',
    { ...reporting('4.18.0', { symbols: null }), list: [{ ...older, kernelRelease: '4.18.0' }] },
    [],
  ],
]);

reasonTable('NEVER_REPORTED', [
  [
    'no report at all',
    { freshness: { level: 'NEVER', ageSeconds: null } },
    [{ kind: 'UNKNOWN', clearedBy: 'REPORT' }],
  ],
  ['a report', {}, []],
]);
reasonTable('REPORT_STALE', [
  [
    'older than the question allows',
    { freshness: { ageSeconds: 901 } },
    [{ kind: 'UNKNOWN', detail: 'last confirmed 15 min ago' }],
  ],
  ['stale, whatever the question allows', { freshness: { level: 'STALE', ageSeconds: 100 } }, [{}]],
  ['lost', { freshness: { level: 'LOST', ageSeconds: 90_000 }, question: { maxAgeSeconds: 100_000 } }, [{}]],
  ['late, and within the limit', { freshness: { level: 'LATE', ageSeconds: 900 } }, []],
]);
reasonTable('REPORT_SUPERSEDED', [
  ['a heartbeat with another digest came', { freshness: { superseded: true } }, [{ kind: 'UNKNOWN' }]],
  ['none came', {}, []],
]);
reasonTable('IDENTITY_SUSPECT', [
  ['it looks cloned', { host: { suspect: true } }, [{ kind: 'UNKNOWN' }]],
  ['it does not', {}, []],
]);

test('where the facts are in doubt, the other reasons are shown as last seen', () => {
  const old = ask({ list: [manifest('newer', { 7: 2 })], freshness: { ageSeconds: 1000 } });
  expect(old).toMatchObject({ kind: 'UNKNOWN', basedOnStaleFacts: true, errno: 'EINVAL' });
  expect(old.reasons.map((reason) => reason.code)).toEqual(['REPORT_STALE', 'STATE_VERSION_TOO_LOW']);
});

test('rules that rest on the release alone are shown to do so', () => {
  const { kind, rules } = ask({ host: { capabilities: capabilities({ symbols: null, stateFields: null }) } });
  expect({ kind, rules }).toEqual({ kind: 'SAFE', rules: { sets: ['klp-5.5'], basis: 'RELEASE' } });
});

test.each<[sentence: string, asked: Asked, kind: string, allowed: string[], accepted: boolean]>([
  [
    'a doubt stays a doubt, and is accepted',
    { ...unseen, question: { allow: ['SYMBOLS_UNVERIFIED'] } },
    'UNKNOWN',
    ['SYMBOLS_UNVERIFIED'],
    true,
  ],
  ['a code that is not among the reasons', { question: { allow: ['SYMBOLS_UNVERIFIED'] } }, 'SAFE', [], true],
  [
    'a doubt that arises twice, once',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older', 'id-of-top'] },
      published: [older, n('top')],
      ...unseen,
      question: { allow: ['SYMBOLS_UNVERIFIED'] },
    },
    'UNKNOWN',
    ['SYMBOLS_UNVERIFIED'],
    true,
  ],
  ['another doubt', { ...unseen, question: { allow: ['STATES_UNDECLARED'] } }, 'UNKNOWN', [], false],
  [
    'one doubt of two',
    { ...unseen, list: [undeclared], question: { allow: ['SYMBOLS_UNVERIFIED'] } },
    'UNKNOWN',
    ['SYMBOLS_UNVERIFIED'],
    false,
  ],
  [
    'a doubt behind a refusal',
    { ...unseen, list: [manifest('newer', { 7: 2 })], question: { allow: ['SYMBOLS_UNVERIFIED'] } },
    'REFUSED',
    ['SYMBOLS_UNVERIFIED'],
    false,
  ],
  [
    'a refusal cannot be',
    { list: [manifest('newer', { 7: 2 })], question: { allow: ['STATE_VERSION_TOO_LOW'] } },
    'REFUSED',
    [],
    false,
  ],
  [
    'harm cannot be',
    { to: { ...older, recalled: true }, question: { allow: ['TARGET_RECALLED'] } },
    'UNSAFE',
    [],
    false,
  ],
  [
    'unknown rules cannot be',
    { ...reporting('4.18.0', { symbols: null }), question: { allow: ['RULES_UNKNOWN'] } },
    'UNKNOWN',
    [],
    false,
  ],
])('allowing: %s', (_, asked, kind, allowed, accepted) => {
  expect(ask(asked)).toMatchObject({ kind, allowed, accepted });
});

test('what a question may allow is a positive list', () =>
  expect(REASON_CODES.filter(canBeAllowed)).toEqual([
    'RESTORE_NOT_PROMISED',
    'STATES_UNDECLARED',
    'STACK_DEPENDENCY_UNKNOWN',
    'SYMBOLS_UNVERIFIED',
    'PRE_PATCH_MAY_REFUSE',
    'SIGNATURE_UNVERIFIED',
    'HOST_GATES_UNKNOWN',
    'BOOT_HISTORY_INCOMPLETE',
    'EVIDENCE_TOO_WEAK',
    'PATCH_NOT_CATALOGUED',
    'BOOT_UNKNOWN',
  ]));

test.each<[sentence: string, asked: Asked]>([
  ['a stale report', { freshness: { ageSeconds: 1000 } }],
  ['a superseded report', { freshness: { superseded: true } }],
  ['a suspect identity', { host: { suspect: true } }],
  ['an incomplete report', { host: { unread: ['transition of newer'] } }],
  ['a contradictory report', { host: { tainted: false } }],
  ['another live patching system', { host: { otherLivePatching: ['kpatch'] } }],
  ['sources in conflict', { to: { ...older, conflicts: ['states'] } }],
  ['unreadable states', { list: [unreadable] }],
  ['an unknown replace flag', { to: { ...older, replace: null } }],
  [
    'a module that is still loading',
    { host: { leftovers: [leftover(manifest('loads'), { moduleState: 'LOADING' })] } },
  ],
  ['a history that is too long', { host: { historyTooLong: true } }],
])('not even all codes together allow %s', (_, asked) => {
  expect(ask({ ...asked, question: { allow: REASON_CODES } })).toMatchObject({
    kind: expect.not.stringMatching('SAFE'),
    accepted: false,
  });
});

test.each<[asked: Evidence, required: RequiredEvidence]>([
  ['LIVE', { facts: 'MODULE', statement: 'MANIFEST' }],
  ['MODULE', { facts: 'MODULE', statement: 'MANIFEST' }],
  ['MANIFEST', { facts: 'MANIFEST', statement: 'MANIFEST' }],
  ['UNSIGNED', { facts: 'UNSIGNED', statement: 'UNSIGNED' }],
  ['INFERRED', { facts: 'INFERRED', statement: 'INFERRED' }],
])(
  'files are known by themselves at best, statements by their signature: %s is required',
  (asked, required) => expect(requiredAt(asked)).toEqual(required),
);
