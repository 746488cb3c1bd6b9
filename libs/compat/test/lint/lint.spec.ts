import fc from 'fast-check';
import {
  type Declaration,
  explainFinding,
  type Finding,
  FINDING_CODES,
  findStateRefusals,
  lint,
  severityOf,
} from '../../src/index.js';
import { asPatch } from '../../src/lint/declaration.js';
import { NO_CALLBACKS, UNPATCH_CALLBACKS } from '../../src/testing/index.js';
import { runs } from '../arbitrary.js';
import { anyDeclaration, bare, declaration, described, holding, inFile, written } from './declaration.js';
import { findingTable, type Linted, tested } from './finding-table.js';

const old = (
  states: Readonly<Record<number, number>> = { 7: 1 },
  differs: Partial<Declaration> = {},
): Declaration => holding('old', states, differs);
const quiet = { note: written([described(7, 1)], { notes: '' }) };

test.each<[sentence: string, linted: Linted]>([
  ['a state, its callbacks, and a promise', [declaration()]],
  ['nothing at all', [bare()]],
  ['the same again under another name', [declaration(), [old()]]],
  [
    'a stranger that meets it nowhere',
    [declaration(), [], [holding('other', { 9: 1 }, { owner: 'vendor' })]],
  ],
])('there is nothing to say: %s', (_, linted) => expect(lint(...linted)).toEqual([]));

describe('in the file', () => {
  findingTable('NOT_A_LIVEPATCH', [
    ['modinfo lacks the key', [declaration({ livepatch: false })], [{}]],
    ['modinfo has it', [declaration()], []],
  ]);

  findingTable('STATE_REFUSES_ITSELF', [
    [
      'the first entry is lower than a later one',
      [declaration({ states: inFile('7:1 7:3 7:2') })],
      [{ stateId: 7n, version: 1, otherVersion: 3 }],
    ],
    ['the first entry is the highest', [declaration({ states: inFile('7:3 7:1') })], []],
    ['the later one stands behind an id 0', [declaration({ states: inFile('7:1 0:0 7:3') })], []],
    [
      'each id for itself',
      [declaration({ states: inFile('7:1 8:1 8:2 7:2') })],
      [{ stateId: 8n }, { stateId: 7n }],
    ],
  ]);

  findingTable('STATE_DUPLICATED', [
    ['the first entry is the highest', [declaration({ states: inFile('7:3 7:1 7:1') })], [{ stateId: 7n }]],
    ['both say the same', [declaration({ states: inFile('7:1 7:1') })], [{ stateId: 7n }]],
    ['two states', [declaration({ states: inFile('7:1 8:1') })], []],
    [
      'another one is worse than that',
      [declaration({ states: inFile('7:1 7:3 8:2 8:1') })],
      [{ stateId: 8n }],
    ],
    ['it is worse than that: it refuses itself', [declaration({ states: inFile('7:1 7:3') })], []],
  ]);

  findingTable('STATE_HIDDEN', [
    [
      'a state behind an id 0',
      [declaration({ states: inFile('7:1 0:0 8:2') })],
      [{ stateId: 8n, version: 2 }],
    ],
    [
      'each of them',
      [declaration({ states: inFile('0:0 8:2 0:0 9:1') })],
      [{ stateId: 8n }, { stateId: 9n }],
    ],
    ['the id 0 that ends every array', [declaration({ states: inFile('7:1 0:0') })], []],
  ]);

  findingTable('STATE_ID_ZERO', [
    ['an id 0 with a version', [declaration({ states: inFile('7:1 0:3') })], [{ version: 3 }]],
    ['the id 0 that ends every array', [declaration({ states: inFile('7:1 0:0') })], []],
  ]);

  findingTable('VERSION_AT_LIMIT', [
    ['the highest version', [declaration({ states: inFile('7:4294967295') })], [{ stateId: 7n }]],
    ['the last but one', [declaration({ states: inFile('7:4294967294') })], []],
  ]);

  findingTable('STATES_UNREADABLE', [
    [
      'no states',
      [declaration({ states: null, impactReasons: ['TWO_CANDIDATES: two', 'more'] })],
      [{ detail: 'TWO_CANDIDATES: two' }],
    ],
    ['they are written at run time', [declaration({ impact: 'UNREADABLE' })], [{}]],
    ['an array without entries', [declaration({ states: [] })], []],
  ]);

  findingTable('REPLACE_UNREADABLE', [
    ['a builder’s module', [declaration({ replace: null })], [{}]],
    ['not cumulative', [declaration({ replace: false })], []],
  ]);

  findingTable('OBJECT_NEVER_LOADED', [
    [
      'a path',
      [declaration({ objects: ['net/ipv6'] })],
      [{ detail: "'net/ipv6': it has a '/'; the name of a module has no path" }],
    ],
    [
      'a dash',
      [declaration({ objects: ['nf-tables'] })],
      [{ detail: expect.stringContaining("'-'") as string }],
    ],
    ['a comma', [declaration({ objects: ['a,b'] })], [{}]],
    [
      'the name of a file',
      [declaration({ objects: ['nf_tables.ko'] })],
      [{ detail: "'nf_tables.ko': it ends as a file's name does" }],
    ],
    ['the name of a compressed file', [declaration({ objects: ['nf_tables.ko.zst'] })], [{}]],
    ['an empty name', [declaration({ objects: [''] })], [{ detail: "'': it is empty" }]],
    ['each of them', [declaration({ objects: ['a-b', null, 'c', 'd/e'] })], [{}, {}]],
    [
      'names that modules have',
      [declaration({ objects: ['nf_tables', 'x25', 'a.b', 'kolibri', 'a.kolibri', 'k'.repeat(55), null] })],
      [],
    ],
    ['the objects cannot be read', [declaration({ objects: null })], []],
  ]);

  findingTable('OBJECT_NAME_TOO_LONG', [
    ['56 characters', [declaration({ objects: ['k'.repeat(56)] })], [{ detail: 'k'.repeat(56) }]],
    ['55 characters', [declaration({ objects: ['k'.repeat(55)] })], []],
  ]);

  findingTable('OBJECT_SPELLED_VMLINUX', [
    ['the text', [declaration({ objects: ['vmlinux'] })], [{}]],
    ['the text, and NULL', [declaration({ objects: [null, 'vmlinux'] })], [{}]],
    ['NULL', [declaration({ objects: [null] })], []],
  ]);

  findingTable('SYMBOL_NAME_MALFORMED', [
    [
      'each of them',
      [declaration({ malformedSymbols: ['.klp.sym.vmlinux', '.klp.rela.x'] })],
      [{ detail: '.klp.sym.vmlinux' }, { detail: '.klp.rela.x' }],
    ],
    ['none', [declaration({ malformedSymbols: [] })], []],
  ]);

  findingTable('SIGNATURE_MISSING', [
    ['not signed', [declaration({ signed: false })], [{}]],
    ['signed', [declaration({ signed: true, signatureProblem: null })], []],
    ['not known', [declaration()], []],
  ]);

  findingTable('SIGNATURE_MALFORMED', [
    [
      'what is wrong',
      [declaration({ signed: true, signatureProblem: 'its kind is 1' })],
      [{ detail: 'its kind is 1' }],
    ],
    ['signed', [declaration({ signed: true, signatureProblem: null })], []],
  ]);

  findingTable('CALLBACKS_WITHOUT_STATES', [
    ['callbacks alone', [bare({ callbacks: UNPATCH_CALLBACKS })], [{}]],
    ['shadow variables alone', [bare({ usesShadowVariables: true })], []],
    [
      'its author declares a state',
      [bare({ callbacks: UNPATCH_CALLBACKS, author: written([described(7, 1)]) })],
      [],
    ],
    [
      'its author says that they change nothing',
      [bare({ callbacks: UNPATCH_CALLBACKS, author: written([], { impactNone: true }) })],
      [],
    ],
    ['its author says nothing of it', [bare({ callbacks: UNPATCH_CALLBACKS, author: written([]) })], [{}]],
    ['it is not known whether it has states', [bare({ callbacks: UNPATCH_CALLBACKS, states: null })], []],
    ['it is not known whether it has callbacks', [bare({ callbacks: null })], []],
  ]);

  findingTable('SHADOW_VARIABLES_WITHOUT_STATES', [
    ['shadow variables alone', [bare({ usesShadowVariables: true })], [{}]],
    ['with a state', [declaration({ usesShadowVariables: true })], []],
    ['callbacks alone', [bare({ callbacks: UNPATCH_CALLBACKS })], []],
  ]);

  findingTable('IMPACT_WITHOUT_STATES', [
    [
      'its init code does more',
      [bare({ impact: 'UNDECLARED', impactReasons: ['INIT_CODE: it does more'] })],
      [{ detail: 'INIT_CODE: it does more' }],
    ],
    ['it is the callbacks', [bare({ impact: 'UNDECLARED', callbacks: UNPATCH_CALLBACKS })], []],
    ['it has a state', [declaration({ impact: 'UNDECLARED' })], []],
    ['it is proven to change nothing', [bare({ impact: 'NONE' })], []],
  ]);

  findingTable('REVERSE_NOT_COVERED', [
    [
      'pre_patch alone',
      [declaration({ callbacks: { ...NO_CALLBACKS, prePatch: true } })],
      [{ detail: 'pre_patch without post_unpatch' }],
    ],
    [
      'pre_unpatch alone',
      [declaration({ callbacks: { ...NO_CALLBACKS, preUnpatch: true } })],
      [{ detail: 'pre_unpatch without post_patch' }],
    ],
    [
      'pre_patch and pre_unpatch',
      [declaration({ callbacks: { ...NO_CALLBACKS, prePatch: true, preUnpatch: true } })],
      [{}, {}],
    ],
    [
      'pre_patch with post_unpatch',
      [declaration({ callbacks: { ...NO_CALLBACKS, prePatch: true, postUnpatch: true } })],
      [],
    ],
    [
      'post_patch with pre_unpatch',
      [declaration({ callbacks: { ...NO_CALLBACKS, postPatch: true, preUnpatch: true } })],
      [],
    ],
    [
      'post_patch and post_unpatch alone',
      [declaration({ callbacks: { ...NO_CALLBACKS, postPatch: true, postUnpatch: true } })],
      [],
    ],
    ['its callbacks are not known', [declaration({ callbacks: null })], []],
  ]);
});

describe('in the author statement', () => {
  findingTable('NO_WORD', [
    ['a state without a statement', [declaration({ author: null })], [{}]],
    ['no state', [bare()], []],
    ['an author who speaks of other things', [declaration({ author: written([]) })], []],
  ]);

  findingTable('WORD_UNSIGNED', [
    [
      'an unsigned statement',
      [declaration({ author: written([described(7, 1)], { evidence: 'UNSIGNED' }) })],
      [{}],
    ],
    ['a signed statement', [declaration()], []],
  ]);

  findingTable('NONE_CONTRADICTED', [
    ['"none" next to a state', [declaration({ author: written([], { impactNone: true }) })], [{}]],
    [
      '"none" next to a state that the kernel does not see',
      [declaration({ states: inFile('0:0 7:1'), author: written([], { impactNone: true }) })],
      [],
    ],
    ['"none" with nothing', [bare({ author: written([], { impactNone: true }) })], []],
  ]);

  findingTable('NONE_DOUBTED', [
    [
      '"none" with callbacks',
      [bare({ callbacks: UNPATCH_CALLBACKS, author: written([], { impactNone: true }) })],
      [{ detail: 'callbacks' }],
    ],
    [
      '"none" with shadow variables',
      [bare({ usesShadowVariables: true, author: written([], { impactNone: true }) })],
      [{ detail: 'shadow variables' }],
    ],
    ['"none" with nothing', [bare({ author: written([], { impactNone: true }) })], []],
    ['callbacks without "none"', [bare({ callbacks: UNPATCH_CALLBACKS, author: written([]) })], []],
  ]);

  findingTable('VERSION_CONTRADICTED', [
    [
      'another version than the file',
      [declaration({ author: written([described(7, 2)]) })],
      [{ stateId: 7n, version: 1, otherVersion: 2 }],
    ],
    ['the first entry of the file counts', [declaration({ states: inFile('7:1 7:2') })], []],
    ['the file cannot be read', [declaration({ states: null, author: written([described(7, 2)]) })], []],
  ]);

  findingTable('STATE_NOT_IN_FILE', [
    [
      'the file has others',
      [declaration({ author: written([described(7, 1), described(8, 1)]) })],
      [{ stateId: 8n }],
    ],
    ['the file has none: a builder’s has none ever', [bare({ author: written([described(8, 1)]) })], []],
    [
      'the file cannot be read',
      [declaration({ impact: 'UNREADABLE', author: written([described(8, 1)]) })],
      [],
    ],
    [
      'the kernel does not see it',
      [declaration({ states: inFile('7:1 0:0 8:1'), author: written([described(8, 1)]) })],
      [{ stateId: 8n }],
    ],
  ]);

  findingTable('STATE_ONLY_IN_WORD', [
    [
      'a builder’s module with a statement',
      [bare({ author: written([described(8, 1)]) })],
      [{ stateId: 8n }],
    ],
    ['the file has states too', [declaration({ author: written([described(8, 1)]) })], []],
  ]);

  findingTable('STATE_WITHOUT_WORD', [
    ['its author speaks of another', [declaration({ states: inFile('7:1 8:1 8:1') })], [{ stateId: 8n }]],
    ['its author speaks of none', [declaration({ author: written([]) })], [{ stateId: 7n }]],
    ['there is no author', [declaration({ author: null })], []],
  ]);

  const saying = (
    restore: 'CALLBACKS' | 'NOT_NEEDED' | 'IMPOSSIBLE' | 'UNKNOWN',
    differs: Partial<Declaration> = {},
  ): Linted => [declaration({ author: written([described(7, 1, restore)]), ...differs })];

  findingTable('RESTORE_NOT_SAID', [
    ['he says that he does not know', saying('UNKNOWN'), [{ stateId: 7n }]],
    ['he promises', saying('CALLBACKS'), []],
    [
      'he says it of one of two',
      saying('UNKNOWN', {
        states: inFile('7:1 8:1'),
        author: written([described(7, 1, 'UNKNOWN'), described(8, 1)]),
      }),
      [{ stateId: 7n }],
    ],
    ['there is no callback that could', saying('UNKNOWN', { callbacks: NO_CALLBACKS }), []],
    ['it is not known whether there is one', saying('UNKNOWN', { callbacks: null }), [{ stateId: 7n }]],
    ['he does not speak of it: that is said already', [declaration({ states: inFile('7:1 8:1') })], []],
  ]);

  findingTable('PROMISE_WITHOUT_CALLBACK', [
    ['no callback at all', saying('CALLBACKS', { callbacks: NO_CALLBACKS }), [{ stateId: 7n }]],
    [
      'callbacks for patching only',
      saying('CALLBACKS', { callbacks: { ...NO_CALLBACKS, prePatch: true, postPatch: true } }),
      [{ stateId: 7n }],
    ],
    ['pre_unpatch will do', saying('CALLBACKS', { callbacks: { ...NO_CALLBACKS, preUnpatch: true } }), []],
    ['post_unpatch will do', saying('CALLBACKS', { callbacks: UNPATCH_CALLBACKS }), []],
    ['it is not known whether there is one', saying('CALLBACKS', { callbacks: null }), []],
    ['nothing is promised', saying('NOT_NEEDED', { callbacks: NO_CALLBACKS }), []],
  ]);

  findingTable('NO_UNPATCH_CALLBACK', [
    ['a state that nothing restores', saying('UNKNOWN', { callbacks: NO_CALLBACKS }), [{ stateId: 7n }]],
    ['and no author', [declaration({ callbacks: NO_CALLBACKS, author: null })], [{ stateId: 7n }]],
    ['it need not be restored', saying('NOT_NEEDED', { callbacks: NO_CALLBACKS }), []],
    ['it cannot be restored', saying('IMPOSSIBLE', { callbacks: NO_CALLBACKS }), []],
    ['there is a callback', saying('UNKNOWN'), []],
  ]);

  findingTable('CANNOT_BE_RESTORED', [
    ['its author says so', saying('IMPOSSIBLE'), [{ stateId: 7n }]],
    ['its author does not know', saying('UNKNOWN'), []],
  ]);

  const needsNot = (name: string): Declaration =>
    declaration({ author: written([described(7, 1)], { independentOf: [name] }) });
  const neighbour = holding('be_low', {});
  findingTable('INDEPENDENCE_DOUBTED', [
    [
      'both redirect the same function',
      [needsNot('be-low'), [], [neighbour]],
      [{ other: 'be_low', function: 'vmlinux:f,1' }],
    ],
    ['one of its own line', [needsNot('be-low'), [neighbour]], [{ other: 'be_low' }]],
    ['nothing in common', [needsNot('be-low'), [], [{ ...neighbour, functions: ['vmlinux:g,1'] }]], []],
    ['its functions are not known', [needsNot('be-low'), [], [{ ...neighbour, functions: null }]], []],
    ['its own functions are not known', [{ ...needsNot('be-low'), functions: null }, [], [neighbour]], []],
    ['another one', [needsNot('elsewhere'), [], [neighbour]], []],
    ['itself', [needsNot('candidate'), [], [needsNot('candidate')]], []],
  ]);
});

describe('in its line', () => {
  findingTable('STATE_FORGOTTEN', [
    [
      'a state of the one before',
      [declaration(), [old({ 7: 1, 8: 2 })]],
      [{ stateId: 8n, version: null, otherVersion: 2, other: 'old' }],
    ],
    [
      'of any earlier one: the one with the highest version is named',
      [declaration(), [old({ 8: 1 }), holding('older', { 8: 3 }), old()]],
      [{ other: 'older', otherVersion: 3 }],
    ],
    [
      'once if two have it alike',
      [declaration(), [old({ 8: 1 }), holding('older', { 8: 1 })]],
      [{ other: 'old' }],
    ],
    ['it stands behind an id 0', [declaration({ states: inFile('0:0 7:1') }), [old()]], [{ stateId: 7n }]],
    ['it is not cumulative', [declaration({ replace: false }), [old({ 7: 1, 8: 2 })]], []],
    [
      'it is not known whether it is: builders make cumulative ones',
      [declaration({ replace: null }), [old({ 8: 2 })]],
      [{ stateId: 8n }],
    ],
    ['its states are not known', [declaration({ states: null, author: null }), [old({ 8: 2 })]], []],
    ['the one before had it in its author statement alone', [bare(), [old({ 8: 1 }, { states: [] })]], []],
  ]);

  findingTable('VERSION_WENT_DOWN', [
    [
      'lower than the one before',
      [declaration(), [old({ 7: 2 })]],
      [{ stateId: 7n, version: 1, otherVersion: 2, other: 'old' }],
    ],
    [
      'lower than an earlier one',
      [declaration(), [old({ 7: 2 }), holding('last', { 7: 1 })]],
      [{ other: 'old' }],
    ],
    [
      'not cumulative: that binds it too',
      [declaration({ replace: false }), [old({ 7: 2 })]],
      [{ stateId: 7n }],
    ],
    ['the same', [declaration(), [old()]], []],
    ['higher', [holding('new', { 7: 2 }), [old()]], []],
  ]);

  findingTable('STATE_ABANDONED', [
    [
      'a state of a builder’s module',
      [bare(), [old({ 8: 2 }, { states: [] })]],
      [{ stateId: 8n, version: null, otherVersion: 2, other: 'old' }],
    ],
    [
      'at a lower version',
      [bare({ author: written([described(8, 1)]) }), [old({ 8: 2 }, { states: [] })]],
      [{ stateId: 8n, version: 1 }],
    ],
    [
      'its author takes it over',
      [bare({ author: written([described(8, 2)]) }), [old({ 8: 2 }, { states: [] })]],
      [],
    ],
    ['the kernel would refuse: that is said already', [bare(), [old({ 8: 2 })]], []],
    [
      'it goes on top, at a lower version',
      [bare({ replace: false, author: written([described(8, 1)]) }), [old({ 8: 2 }, { states: [] })]],
      [],
    ],
    [
      'the kernel would refuse another state',
      [declaration(), [old({ 7: 2, 8: 2 }, { states: inFile('7:2') })]],
      [{ stateId: 8n }],
    ],
    [
      'it goes on top: nothing is left behind',
      [bare({ replace: false }), [old({ 8: 2 }, { states: [] })]],
      [],
    ],
    ['its states are not known', [bare({ states: null }), [old({ 8: 2 }, { states: [] })]], []],
  ]);

  findingTable('STATE_ADDED', [
    [
      'the one before had it not',
      [holding('new', { 7: 1, 8: 1 }), [old()]],
      [{ stateId: 8n, version: 1, other: 'old' }],
    ],
    [
      'one before the one before had it',
      [holding('new', { 8: 1 }), [old({ 8: 1 }), holding('last', {})]],
      [{ stateId: 8n, other: 'last' }],
    ],
    ['it goes on top', [holding('new', { 7: 1, 8: 1 }, { replace: false }), [old()]], []],
    ['there is none before', [declaration()], []],
  ]);

  findingTable('VERSION_RAISED', [
    [
      'with a note',
      [holding('new', { 7: 2 }), [old()]],
      [{ stateId: 7n, version: 2, otherVersion: 1, other: 'old' }],
    ],
    ['the same', [declaration(), [old()]], []],
    ['it goes on top', [holding('new', { 7: 2 }, { replace: false }), [old()]], []],
    ['without a note', [holding('new', { 7: 2 }, { author: quiet.note }), [old()]], []],
  ]);

  findingTable('VERSION_RAISED_WITHOUT_NOTE', [
    [
      'its author notes nothing',
      [holding('new', { 7: 2 }, { author: { ...quiet.note, notes: ' \n' } }), [old()]],
      [{ stateId: 7n, version: 2, otherVersion: 1 }],
    ],
    ['it has no author', [holding('new', { 7: 2 }, { author: null }), [old()]], [{ stateId: 7n }]],
    ['with a note', [holding('new', { 7: 2 }), [old()]], []],
    ['nothing is raised', [declaration({ author: quiet.note }), [old()]], []],
  ]);

  findingTable('STATE_STACKED', [
    [
      'a state that nothing below has',
      [declaration({ replace: false }), [old({ 8: 1 })]],
      [{ stateId: 7n, version: 1 }],
    ],
    ['a higher version', [declaration({ replace: false }), [old({ 7: 0 })]], [{ stateId: 7n }]],
    ['nothing is known to be below', [declaration({ replace: false })], [{ stateId: 7n }]],
    ['what is below has it', [declaration({ replace: false }), [old(), holding('last', {})]], []],
    ['it is cumulative', [declaration(), [old({ 8: 1 })]], []],
    ['it is not known whether it is', [declaration({ replace: null })], []],
  ]);

  findingTable('REPLACE_CHANGED', [
    [
      'no longer cumulative',
      [declaration({ replace: false }), [old()]],
      [{ other: 'old', detail: 'cumulative' }],
    ],
    [
      'cumulative from now on',
      [declaration(), [old({}, { replace: false })]],
      [{ detail: 'not cumulative' }],
    ],
    [
      'the flag of the one before is not known',
      [declaration({ replace: false }), [old({}, { replace: null })]],
      [],
    ],
    ['the flag of this one is not known', [declaration({ replace: null }), [old()]], []],
    ['it changed before', [declaration(), [old({}, { replace: false }), holding('last', { 7: 1 })]], []],
  ]);

  findingTable('OWNER_CHANGED', [
    [
      'another owner before',
      [declaration(), [old({ 7: 1 }, { owner: 'vendor' })]],
      [{ other: 'old', detail: 'vendor' }],
    ],
    [
      'it goes on top: nothing is discarded',
      [declaration({ replace: false }), [old({ 7: 1 }, { owner: 'vendor' })]],
      [],
    ],
    ['it is not published yet', [declaration({ owner: null }), [old()]], []],
    ['the one before has no owner', [declaration(), [old({ 7: 1 }, { owner: null })]], []],
  ]);

  const fixing = (name: string, ...cves: string[]): Declaration =>
    holding(name, { 7: 1 }, { author: written([described(7, 1)], { cves }) });
  findingTable('CVE_DROPPED', [
    [
      'a fix of the one before',
      [fixing('new', 'CVE-2'), [fixing('old', 'CVE-1', 'CVE-2')]],
      [{ other: 'old', detail: 'CVE-1' }],
    ],
    [
      'once, with the last one that had it',
      [fixing('new'), [fixing('old', 'CVE-1'), fixing('last', 'CVE-1')]],
      [{ other: 'last' }],
    ],
    [
      'its author says nothing',
      [declaration({ author: null }), [fixing('old', 'CVE-1')]],
      [{ detail: 'CVE-1' }],
    ],
    ['the one before has no author', [declaration(), [old({}, { author: null })]], []],
    ['it goes on top: the fix stays', [{ ...fixing('new'), replace: false }, [fixing('old', 'CVE-1')]], []],
  ]);

  findingTable('FUNCTION_DROPPED', [
    [
      'a function of the one before',
      [declaration(), [old({}, { functions: ['vmlinux:f,1', 'vmlinux:g,1'] })]],
      [{ other: 'old', function: 'vmlinux:g,1' }],
    ],
    [
      'of an earlier one: that was found before',
      [declaration(), [old({}, { functions: ['vmlinux:g,1'] }), holding('last', {})]],
      [],
    ],
    ['its functions are not known', [declaration({ functions: null }), [old()]], []],
    ['the functions of the one before are not known', [declaration(), [old({}, { functions: null })]], []],
    ['it goes on top', [declaration({ replace: false, functions: [] }), [old()]], []],
  ]);

  const meaning = (name: string, what: string, differs: Partial<Declaration> = {}): Declaration =>
    holding(name, { 7: 1 }, { author: written([described(7, 1, 'CALLBACKS', what)]), ...differs });
  findingTable('MEANING_DIFFERS', [
    [
      'from the one before',
      [meaning('new', 'a timer'), [meaning('old', 'the route cache')]],
      [{ stateId: 7n, other: 'old', detail: 'the route cache' }],
    ],
    [
      'from the nearest one that tells',
      [
        meaning('new', 'a timer'),
        [meaning('old', 'a lock'), meaning('last', 'a cache'), meaning('mute', '')],
      ],
      [{ other: 'last' }],
    ],
    ['the same words, written otherwise', [meaning('new', 'A  timer '), [meaning('old', 'a timer')]], []],
    [
      'it was corrected before',
      [meaning('new', 'a timer'), [meaning('old', 'a lock'), meaning('last', 'a timer')]],
      [],
    ],
    [
      'from another livepatch of the same owner',
      [meaning('new', 'a timer'), [], [meaning('other', 'a lock')]],
      [{ other: 'other' }],
    ],
    [
      'from one of another owner: that is said otherwise',
      [meaning('new', 'a timer'), [], [meaning('other', 'a lock', { owner: 'vendor' })]],
      [],
    ],
    ['it does not say', [meaning('new', ''), [meaning('old', 'a lock')]], []],
    ['the same letters, other words', [meaning('new', 'now here'), [meaning('old', 'nowhere')]], [{}]],
    ['another state', [meaning('new', 'a timer'), [holding('old', { 8: 1 })]], []],
  ]);
});

describe('in the catalog', () => {
  const foreign = (
    states: Readonly<Record<number, number>>,
    differs: Partial<Declaration> = {},
  ): Declaration => holding('theirs', states, { owner: 'vendor', ...differs });
  findingTable('STATE_OF_ANOTHER_OWNER', [
    [
      'the same id',
      [declaration(), [], [foreign({ 7: 3 })]],
      [{ stateId: 7n, other: 'theirs', detail: 'vendor, the state 7' }],
    ],
    [
      'the same id without a description',
      [declaration(), [], [foreign({ 7: 3 }, { author: null })]],
      [{ detail: 'vendor' }],
    ],
    ['once', [declaration(), [], [foreign({ 7: 3 }), foreign({ 7: 4 })]], [{}]],
    ['one of its ids', [declaration(), [], [foreign({ 6: 1, 7: 3 })]], [{ stateId: 7n }]],
    ['another id', [declaration(), [], [foreign({ 8: 3 })]], []],
    ['the same owner', [declaration(), [], [foreign({ 7: 3 }, { owner: 'kernel-team' })]], []],
    ['its owner is not known', [declaration(), [], [foreign({ 7: 3 }, { owner: null })]], []],
    ['it is not published yet', [declaration({ owner: null }), [], [foreign({ 7: 3 })]], []],
  ]);

  const nameless = declaration({ buildId: null });
  const named = (differs: Partial<Declaration> = {}): Declaration =>
    holding('candidate', { 7: 1 }, { buildId: 'another', release: 'lp-1', ...differs });
  findingTable('NAME_TAKEN', [
    ['by the one before', [declaration(), [named()]], [{ other: 'lp-1' }]],
    [
      'the one before on any kernel: its release is on all',
      [declaration(), [named({ kernelRelease: '6.1.0' })]],
      [{ other: 'lp-1' }],
    ],
    [
      'by another livepatch for this kernel',
      [declaration({ name: 'candi-date' }), [], [named({ name: 'candi_date' })]],
      [{ other: 'lp-1' }],
    ],
    [
      'once for each release',
      [declaration(), [named()], [named({ buildId: 'third' }), named({ release: 'lp-2' })]],
      [{ other: 'lp-1' }, { other: 'lp-2' }],
    ],
    ['by another livepatch for another kernel', [declaration(), [], [named({ kernelRelease: '6.1.0' })]], []],
    ['by another livepatch for another architecture', [declaration(), [], [named({ arch: 'aarch64' })]], []],
    ['by itself, as published', [declaration(), [declaration()], [declaration()]], []],
    ['by itself, without a build-id', [nameless, [nameless]], []],
    [
      'a build without build-id is itself only if it is the same',
      [declaration({ buildId: null }), [], [declaration({ buildId: null, release: 'lp-1' })]],
      [{ other: 'lp-1' }],
    ],
  ]);
});

test('every code has a table', () => expect(FINDING_CODES.filter((code) => !tested.has(code))).toEqual([]));

// What a build pipeline fails on: an author learns of it here first.
test('these are errors', () => {
  expect(FINDING_CODES.filter((code) => severityOf({ code }) === 'ERROR')).toEqual([
    'NOT_A_LIVEPATCH',
    'STATE_REFUSES_ITSELF',
    'STATE_HIDDEN',
    'STATE_ID_ZERO',
    'OBJECT_NEVER_LOADED',
    'OBJECT_NAME_TOO_LONG',
    'OBJECT_SPELLED_VMLINUX',
    'SYMBOL_NAME_MALFORMED',
    'SIGNATURE_MALFORMED',
    'NONE_CONTRADICTED',
    'VERSION_CONTRADICTED',
    'STATE_NOT_IN_FILE',
    'PROMISE_WITHOUT_CALLBACK',
    'STATE_FORGOTTEN',
    'VERSION_WENT_DOWN',
    'STATE_ABANDONED',
  ]);
});

test('these are for information', () => {
  expect(FINDING_CODES.filter((code) => severityOf({ code }) === 'INFO')).toEqual([
    'REPLACE_UNREADABLE',
    'SIGNATURE_MISSING',
    'NO_WORD',
    'WORD_UNSIGNED',
    'STATE_ONLY_IN_WORD',
    'CANNOT_BE_RESTORED',
    'STATE_ADDED',
    'VERSION_RAISED',
    'FUNCTION_DROPPED',
  ]);
});

test.each<[sentence: string, finding: Finding]>([
  [
    'its states cannot be read from the file, and every verdict on it is UNKNOWN',
    { code: 'STATES_UNREADABLE' },
  ],
  [
    'its states cannot be read from the file, and every verdict on it is UNKNOWN: TWO_CANDIDATES: two',
    { code: 'STATES_UNREADABLE', detail: 'TWO_CANDIDATES: two' },
  ],
])('a sentence says what is known: %s', (sentence, finding) =>
  expect(explainFinding(finding)).toBe(sentence),
);

test('the worst finding comes first', () => {
  const severities = lint(
    declaration({ replace: null, livepatch: false, callbacks: NO_CALLBACKS, author: null }),
  ).map(severityOf);
  expect(severities).toEqual(['ERROR', 'WARNING', 'INFO', 'INFO']);
});

const candidate = anyDeclaration('candidate');
const others = fc.array(fc.constantFrom('a', 'b', 'candidate').chain(anyDeclaration), { maxLength: 3 });
const law = (name: string, holds: (of: Declaration, others: Declaration[]) => boolean | void): void =>
  test(name, () => fc.assert(fc.property(candidate, others, holds), runs(1000)));

law('every finding is one sentence', (of, others) => {
  for (const finding of lint(of, others, others))
    expect(explainFinding(finding)).not.toMatch(/undefined|null|NaN|\n/);
});

law('a livepatch has nothing against itself', (of) => {
  const alone = lint(of).filter(({ code }) => code !== 'STATE_STACKED');
  const ofItself = lint(of, [of], [of]).filter(({ code }) => code !== 'STATE_STACKED');
  const own = new Set(['VERSION_WENT_DOWN', 'STATE_FORGOTTEN']);
  // One that refuses its own likes does so in its line too; that is all.
  expect(ofItself.filter(({ code }) => !own.has(code))).toEqual(alone);
  if (!alone.some(({ code }) => code === 'STATE_REFUSES_ITSELF')) expect(ofItself).toEqual(alone);
});

law('a finding about the release line exists exactly when the kernel would refuse there', (of, others) => {
  if (of.states === null || of.impact === 'UNREADABLE') return;
  const before = others.filter(({ states, impact }) => states !== null && impact !== 'UNREADABLE');
  const refused = findStateRefusals(
    asPatch(of),
    before.map((one) => asPatch(one)),
  );
  const found = lint(of, before).filter(
    ({ code }) => code === 'STATE_FORGOTTEN' || code === 'VERSION_WENT_DOWN',
  );
  expect(new Set(found.map(({ stateId }) => stateId))).toEqual(
    new Set(refused.map(({ stateId }) => stateId)),
  );
  expect(found).toHaveLength(new Set(found.map(({ stateId }) => stateId)).size);
});

law('publishing other livepatches removes no finding', (of, others) => {
  const [alone, withOthers] = [lint(of, others), lint(of, others, others)].map((findings) =>
    findings.map(explainFinding),
  );
  expect(withOthers).toEqual(expect.arrayContaining(alone!));
});

law('no finding is returned twice', (of, others) => {
  const said = lint(of, others, others).map((finding) => `${finding.code} ${explainFinding(finding)}`);
  expect(new Set(said).size).toBe(said.length);
});
