import type { Step } from '../../src/index.js';
import {
  type Asked,
  ask,
  capabilities,
  leftover,
  listed,
  manifest,
  newer,
  older,
  promising,
  statement,
} from '../../src/testing/index.js';

const n = (name: string, written = {}, differs = {}) =>
  manifest(name, written, { replace: false, ...differs });
const written = (steps: readonly Step[]): string =>
  steps.map((step) => `${step.action} ${step.patch}`).join(', ');
const free = n('below', {}, {});
const above = n('above', {}, { author: statement({ independentOf: ['below'] }) });

test.each<[sentence: string, asked: Asked, route: string | null, kind: string, steps: string]>([
  ['it is there already', { list: [older] }, 'NONE_NEEDED', 'SAFE', ''],
  [
    'nothing is listed, and nothing is required',
    { list: [], to: { kind: 'ORIGINAL' } },
    'NONE_NEEDED',
    'SAFE',
    '',
  ],
  [
    'a cumulative target goes over the list',
    { list: [n('a', { 7: 1 }), n('b', { 7: 1 })] },
    'REPLACE',
    'SAFE',
    'LOAD older, WAIT older',
  ],
  [
    'a non-cumulative target goes on top',
    { to: n('top'), question: { routes: ['STACK'] } },
    'STACK',
    'SAFE',
    'LOAD top, WAIT top',
  ],
  [
    'under the routes of a gate it is judged so too, and is no yes',
    { to: n('top') },
    'STACK',
    'UNKNOWN',
    'LOAD top, WAIT top',
  ],
  [
    'it is not known to be there, next to a patch without a build-id',
    { list: [listed(n('x'), { buildId: null }), n('b')], to: n('b') },
    null,
    'UNKNOWN',
    '',
  ],
  [
    'everything is disabled, newest first',
    { list: [n('a'), n('b')], to: { kind: 'ORIGINAL' } },
    'DISABLE',
    'SAFE',
    'DISABLE b, WAIT b, DISABLE a, WAIT a',
  ],
  [
    'only what leaves is disabled',
    {
      list: [free, above],
      to: { kind: 'PATCH', patch: above, leaving: ['below'] },
      question: { routes: ['DISABLE'] },
    },
    'DISABLE',
    'SAFE',
    'DISABLE below, WAIT below',
  ],
  [
    'what leaves may be named by build-id',
    {
      list: [free, above],
      to: { kind: 'PATCH', patch: above, leaving: ['id-of-below'] },
      question: { routes: ['DISABLE'] },
    },
    'DISABLE',
    'SAFE',
    'DISABLE below, WAIT below',
  ],
  [
    'what stands in the way is disabled first',
    { list: [promising('two', { 7: 2 })], question: { routes: ['DISABLE_THEN_LOAD'] } },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE two, WAIT two, LOAD older, WAIT older',
  ],
  [
    'its own leftover is removed first',
    { host: { leftovers: [leftover(older)] }, question: { routes: ['DISABLE_THEN_LOAD'] } },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'REMOVE_MODULE older, LOAD older, WAIT older',
  ],
  [
    'another module that cannot be removed is not in the way',
    {
      host: { leftovers: [leftover(older), leftover(newer, { pinned: true, referenced: true })] },
      published: [newer],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'REMOVE_MODULE older, LOAD older, WAIT older',
  ],
  [
    'its namesake is disabled and removed first',
    {
      list: [promising('older', { 7: 1 }, { buildId: 'rebuilt' })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE older, WAIT older, REMOVE_MODULE older, LOAD older, WAIT older',
  ],
  [
    'a non-cumulative one takes the place of another',
    {
      list: [n('stays', { 8: 1 }), n('one')],
      to: { kind: 'PATCH', patch: n('two'), leaving: ['one'] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE one, WAIT one, LOAD two, WAIT two',
  ],
  [
    'the cheapest way that is safe',
    { question: { routes: ['DISABLE_THEN_LOAD', 'REPLACE'] } },
    'REPLACE',
    'SAFE',
    'LOAD older, WAIT older',
  ],
  [
    'a dearer way where the cheap one is refused',
    { list: [promising('two', { 7: 2 })], question: { routes: ['REPLACE', 'DISABLE_THEN_LOAD'] } },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE two, WAIT two, LOAD older, WAIT older',
  ],
  [
    'the earlier list',
    { to: { kind: 'PREVIOUS' }, host: { previous: ['id-of-older'] }, published: [older] },
    'REPLACE',
    'SAFE',
    'LOAD older, WAIT older',
  ],
  [
    'the earlier list was a part of today’s',
    {
      list: [n('a'), n('b')],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-a'] },
      question: { routes: ['DISABLE'] },
    },
    'DISABLE',
    'SAFE',
    'DISABLE b, WAIT b',
  ],
  [
    'an earlier list of three: the cumulative one first, the others on top, in their order',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-base', 'id-of-one', 'id-of-two'] },
      published: [manifest('base', { 7: 1 }), n('one'), n('two', { 7: 1 })],
    },
    'REPLACE',
    'SAFE',
    'LOAD base, WAIT base, LOAD one, WAIT one, LOAD two, WAIT two',
  ],
  [
    'an earlier list of which the lower part is there',
    {
      list: [older],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older', 'id-of-one', 'id-of-two'] },
      published: [n('one'), n('two')],
      question: { routes: ['STACK'] },
    },
    'STACK',
    'SAFE',
    'LOAD one, WAIT one, LOAD two, WAIT two',
  ],
  [
    'each of an earlier list is judged on top of those before it',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-base', 'id-of-one'] },
      published: [manifest('base', { 7: 3 }), n('one', { 7: 2 })],
    },
    'REPLACE',
    'REFUSED',
    'LOAD base, WAIT base, LOAD one, WAIT one',
  ],
  [
    'one of an earlier list would replace the one below it',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-base', 'id-of-one'] },
      published: [manifest('base', { 7: 1 }), manifest('one', { 7: 1 })],
    },
    null,
    'UNKNOWN',
    '',
  ],
  [
    'of one of an earlier list it is not known whether it would',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-base', 'id-of-one'] },
      published: [manifest('base', { 7: 1 }), manifest('one', { 7: 1 }, { replace: null })],
    },
    null,
    'UNKNOWN',
    '',
  ],
  [
    'of an earlier list only what is not there is loaded, in the place of what is too much',
    {
      list: [n('base'), n('top')],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-base', 'id-of-one'] },
      published: [n('one')],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE top, WAIT top, LOAD one, WAIT one',
  ],
  [
    'the target never leaves, though its name be among those that do',
    {
      list: [n('a'), n('b')],
      to: { kind: 'PATCH', patch: n('a'), leaving: ['a', 'b'] },
      question: { routes: ['DISABLE'] },
    },
    'DISABLE',
    'SAFE',
    'DISABLE b, WAIT b',
  ],
  [
    'a target that is listed is not disabled to be loaded again',
    { list: [older, n('top')], question: { routes: ['DISABLE_THEN_LOAD'] } },
    null,
    'UNKNOWN',
    '',
  ],
  [
    'if the states of a target cannot be read, everything that it would replace is a blocker',
    {
      list: [n('a')],
      to: manifest('dyn', {}, { states: null, impact: 'UNREADABLE' }),
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'UNKNOWN',
    'DISABLE a, WAIT a, LOAD dyn, WAIT dyn',
  ],
  [
    'a patch whose states cannot be read stands in the way',
    {
      list: [n('a', { 7: 1 }), n('dyn', {}, { states: null, impact: 'UNREADABLE' })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'UNKNOWN',
    'DISABLE dyn, WAIT dyn, LOAD older, WAIT older',
  ],
  [
    'what one of two possible rule sets refuses stands in the way',
    {
      list: [promising('two', { 7: 2 }, { kernelRelease: '5.3.0' })],
      to: { ...older, kernelRelease: '5.3.0' },
      host: { kernelRelease: '5.3.0', capabilities: capabilities({ symbols: null, stateFields: null }) },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE two, WAIT two, LOAD older, WAIT older',
  ],
  [
    'one of an earlier list was never published',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-base', 'id-of-one'] },
      published: [manifest('base', { 7: 1 })],
    },
    null,
    'UNKNOWN',
    '',
  ],
  [
    'only what stands in the way is disabled, the rest is replaced',
    {
      list: [n('fits', { 7: 1 }), n('plain'), promising('two', { 9: 2 }, { replace: false })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE two, WAIT two, LOAD older, WAIT older',
  ],
  [
    'the build of a release for this kernel',
    {
      to: { kind: 'RELEASE', release: 'lp' },
      published: [
        manifest('lp-61', {}, { release: 'lp', kernelRelease: '6.1.0' }),
        manifest('lp-612', { 7: 1 }, { release: 'lp' }),
      ],
    },
    'REPLACE',
    'SAFE',
    'LOAD lp_612, WAIT lp_612',
  ],
  [
    'the build of a release for this architecture',
    {
      to: { kind: 'RELEASE', release: 'lp' },
      published: [
        manifest('lp-arm', { 7: 1 }, { release: 'lp', arch: 'aarch64' }),
        manifest('lp-x86', { 7: 1 }, { release: 'lp' }),
      ],
    },
    'REPLACE',
    'SAFE',
    'LOAD lp_x86, WAIT lp_x86',
  ],
  [
    'the build of a release, in the place of what is to leave',
    {
      list: [n('a'), n('b')],
      to: { kind: 'RELEASE', release: 'lp', leaving: ['b'] },
      published: [n('lp-2', {}, { release: 'lp' })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'DISABLE_THEN_LOAD',
    'SAFE',
    'DISABLE b, WAIT b, LOAD lp_2, WAIT lp_2',
  ],
  [
    'a target that is coming in leaves nothing to disable',
    {
      list: [listed(older, { transition: true })],
      published: [older],
      question: { routes: ['DISABLE'] },
    },
    null,
    'UNKNOWN',
    '',
  ],
  [
    'the only patch of an earlier list is still listed, and loading it again is refused',
    {
      list: [older, above],
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older'] },
    },
    'REPLACE',
    'REFUSED',
    'LOAD older, WAIT older',
  ],
  [
    'a stateless target on a host that holds a state',
    { list: [newer], to: manifest('kpatch') },
    'REPLACE',
    'REFUSED',
    'LOAD kpatch, WAIT kpatch',
  ],
  [
    'a stateless patch on a host that holds none',
    { list: [manifest('a', {}, { author: statement({ impactNone: true }) })], to: manifest('b') },
    'REPLACE',
    'SAFE',
    'LOAD b, WAIT b',
  ],
])('%s', (_, asked, route, kind, steps) => {
  const verdict = ask(asked);
  expect({ route: verdict.route, kind: verdict.kind, steps: written(verdict.steps) }).toEqual({
    route,
    kind,
    steps,
  });
});
