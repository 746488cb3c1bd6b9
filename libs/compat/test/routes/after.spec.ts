import { after, resolveSituation, resolveManifest, type ResolvedSituation } from '../../src/index.js';
import {
  type Plan,
  disableOnly,
  disableThenLoad,
  loadOver,
  nothing,
  reverse,
} from '../../src/routes/plan.js';
import { rebootInto } from '../../src/routes/reboot.js';
import {
  catalog,
  unlisted,
  leftover,
  listed,
  manifest,
  NO_CALLBACKS,
  running,
} from '../../src/testing/index.js';
import { Learned, observations, operationOf, sceneOf } from '../lab.js';

const n = (name: string, differs = {}) => manifest(name, {}, { replace: false, ...differs });
const [a, b, c] = [n('a'), n('b'), manifest('c')];
const everything = catalog([a, b, c]);
const on = (...list: Parameters<typeof running>[0]): ResolvedSituation =>
  resolveSituation(running(list, { previous: ['id-of-z'] }), everything);
const opening = (name: 'b' | 'c', enabled: boolean, differs = {}) =>
  listed(name === 'b' ? b : c, { transition: true, enabled, ...differs });
const load = resolveManifest;
const summary = ({ list, situation, unlisted, inTransition }: ResolvedSituation) => ({
  list: list.map((patch) => patch.name).join(' '),
  builds: list.map((patch) => patch.buildId).join(' '),
  leftovers: situation.leftovers.map((module) => module.name).join(' '),
  unlisted: unlisted.map(({ known, unlistedBy }) => `${known.name} ${unlistedBy}`).join(', '),
  previous: situation.previous?.join(' ') ?? null,
  open: inTransition?.name ?? null,
});

test.each<
  [
    sentence: string,
    host: ResolvedSituation,
    plan: (host: ResolvedSituation) => Plan,
    expected: Partial<ReturnType<typeof summary>>,
  ]
>([
  [
    'nothing is done',
    on(a),
    (host) => ({ ...nothing, route: 'NONE_NEEDED', stays: host.list }),
    { list: 'a', unlisted: '', previous: 'id-of-z' },
  ],
  [
    'nothing is done, and the open transition is waited for',
    on(a, opening('c', true)),
    (host) => ({ ...nothing, route: 'NONE_NEEDED', stays: host.list }),
    { list: 'c', leftovers: 'a', unlisted: 'a REPLACED', previous: 'id-of-z', open: null },
  ],
  [
    'a replaced patch leaves its module behind',
    on(a),
    ({ list }) => loadOver('REPLACE', load(c), list, list),
    { list: 'c', leftovers: 'a', unlisted: 'a REPLACED', previous: 'id-of-a' },
  ],
  [
    'what is loaded on top leaves all the others',
    on(a),
    ({ list }) => loadOver('STACK', load(b), [], list),
    { list: 'a b', leftovers: '', previous: 'id-of-a' },
  ],
  [
    'of two disabled patches the last settled list is between them',
    on(a, b),
    ({ list }) => disableOnly(list, list),
    { list: '', leftovers: 'b a', unlisted: 'b DISABLED, a DISABLED', previous: 'id-of-a' },
  ],
  [
    'a module that is removed on the way is gone, what its patch did is not',
    on(a),
    ({ list }) => disableThenLoad(load({ ...c, name: 'a' }), list, [], [], list),
    { list: 'a', leftovers: '', unlisted: 'a DISABLED', previous: '' },
  ],
  [
    'a patch reversed on its way in has left, as if disabled',
    on(a, opening('b', true)),
    (host) => reverse(host.inTransition!, host.list)!,
    { list: 'a', unlisted: 'b DISABLED', open: null, previous: null },
  ],
  [
    'a patch reversed on its way out stays',
    on(a, opening('b', false)),
    (host) => reverse(host.inTransition!, host.list)!,
    { list: 'a b', unlisted: '', open: null, previous: 'id-of-z' },
  ],
  [
    'an open transition is over before anything is loaded',
    on(a, opening('c', true)),
    ({ list }) => loadOver('STACK', load(b), [], list),
    { list: 'c b', unlisted: 'a REPLACED', open: null, previous: 'id-of-c' },
  ],
  [
    'a patch on its way out has left before anything is loaded',
    on(a, opening('b', false)),
    ({ list }) => loadOver('REPLACE', load(c), list, list),
    { list: 'c', unlisted: 'b DISABLED, a REPLACED', previous: 'id-of-a' },
  ],
  [
    'a cumulative patch that was reversed on its way out replaces none above it',
    on(opening('c', true), b),
    ({ list }) => loadOver('STACK', load(a), [], list),
    { list: 'c b a', unlisted: '', open: null },
  ],
  [
    'an open transition of one that goes on top replaces none',
    on(a, opening('b', true)),
    ({ list }) => loadOver('STACK', load(n('d')), [], list),
    { list: 'a b d', unlisted: '', open: null },
  ],
  [
    'an open transition of one that may or may not be cumulative is taken to replace none',
    on(a, listed(n('d', { replace: null }), { transition: true })),
    ({ list }) => loadOver('STACK', load(b), [], list),
    { list: 'a d b', unlisted: '', open: null },
  ],
  [
    'where one takes the place of one of two, the last settled list is of those two',
    on(a, b),
    ({ list }) => loadOver('REPLACE', load(n('d')), list.slice(1), list),
    { list: 'a d', unlisted: 'b REPLACED', previous: 'id-of-a id-of-b' },
  ],
  [
    'a list that is not known by build-ids is no earlier list',
    on(listed(a, { buildId: null })),
    ({ list }) => loadOver('STACK', load(b), [], list),
    { list: 'a b', previous: null },
  ],
  [
    'of two without a build-id the one of that name leaves',
    on(listed(a, { buildId: null }), listed(b, { buildId: null })),
    ({ list }) => disableOnly(list.slice(1), list),
    { list: 'a', leftovers: 'b', unlisted: 'b DISABLED' },
  ],
  [
    'of two that bear one name the one of that build leaves',
    on(a, n('a', { buildId: 'rebuilt' }), b),
    ({ list }) => disableOnly(list.slice(1), list),
    { list: 'a', builds: 'id-of-a', unlisted: 'b DISABLED, a DISABLED', previous: 'id-of-a rebuilt' },
  ],
  [
    'a module that is removed leaves the others there',
    resolveSituation(running([a], { leftovers: [leftover(b), leftover(c)] }), everything),
    ({ list }) => disableThenLoad(load(b), [], ['b'], [], list),
    { list: 'a b', leftovers: 'c' },
  ],
  [
    'a reboot leaves nothing of this boot',
    on(a, b),
    (host) => rebootInto(['id-of-c'], host, [c]),
    { list: 'c', leftovers: '', unlisted: '', open: null },
  ],
])('%s', (_, host, plan, expected) => expect(summary(after(host, plan(host)))).toMatchObject(expected));

test.each<[sentence: string, callbacks: object | null, unlistedBy: string]>([
  ['only post_unpatch would have run anyway', { ...NO_CALLBACKS, postUnpatch: true }, 'DISABLED'],
  ['its pre_unpatch never ran', { ...NO_CALLBACKS, preUnpatch: true, postUnpatch: true }, 'UNKNOWN'],
  ['its callbacks cannot be read', null, 'UNKNOWN'],
])('a reversed enable counts as disabled only where that is the same: %s', (_, callbacks, unlistedBy) => {
  const incoming = n('b', { callbacks });
  const host = resolveSituation(running([a, listed(incoming, { transition: true })]), catalog([a, incoming]));
  expect(after(host, reverse(host.inTransition!, host.list)!).unlisted.map((one) => one.unlistedBy)).toEqual([
    unlistedBy,
  ]);
});

test('a patch that is disabled has left as disabled, whichever callbacks it has', () => {
  const calling = n('calling', { callbacks: { ...NO_CALLBACKS, preUnpatch: true } });
  const host = resolveSituation(running([calling]), catalog([calling]));
  expect(after(host, disableOnly(host.list, host.list)).unlisted).toMatchObject([{ unlistedBy: 'DISABLED' }]);
});

test('what was in transition is enabled and settled afterwards', () => {
  const host = on(a, opening('b', false));
  const { list, situation } = after(host, reverse(host.inTransition!, host.list)!);
  for (const patches of [list, situation.list])
    expect(patches).toMatchObject([a, b].map(({ name }) => ({ name, enabled: true, transition: false })));
});

test('a load taints the kernel', () =>
  expect(after(on(), loadOver('STACK', load(b), [], [])).situation).toMatchObject({
    tainted: true,
    previous: [],
  }));

test.each<[sentence: string, tainted: boolean | null, bootHistory: string]>([
  ['no livepatch was loaded before: all is known', false, 'KNOWN'],
  ['one was loaded: what was missing is still missing', true, 'GAP'],
  ['it is not known whether one was loaded', null, 'GAP'],
])('what is known of the boot after a load: %s', (_, tainted, bootHistory) => {
  const host = resolveSituation(running([], { tainted, bootHistory: 'GAP' }), everything);
  expect(after(host, loadOver('STACK', load(b), [], [])).situation).toMatchObject({ bootHistory });
});

test('the flag of what was loaded is as its module says: no sysfs has shown it', () =>
  expect(after(on(), loadOver('STACK', load(b), [], [])).situation.list).toMatchObject([
    { replace: null, enabled: true, transition: false, moduleState: 'LIVE' },
  ]));

test('the removal of a module leaves a doubt about others that are still loading', () => {
  const leftovers = [leftover(b, { moduleState: 'LOADING' }), leftover(c, { moduleState: 'LOADING' })];
  const host = resolveSituation(running([a], { leftovers }), everything);
  const now = after(host, disableThenLoad(load(b), [], ['b'], [], host.list));
  expect(now.loading.map(({ name }) => name)).toEqual(['c']);
});

test('a module that is removed and was never seen listed is remembered, also next to a build of its name', () => {
  const leftovers = [leftover({ ...b, buildId: 'rebuilt' })];
  const host = resolveSituation(running([a], { leftovers, unlisted: [unlisted(b, 'DISABLED')] }), everything);
  const now = after(host, disableThenLoad(load(b), [], ['b'], [], host.list));
  expect(now.situation.unlisted).toMatchObject([
    { buildId: 'id-of-b', unlistedBy: 'DISABLED' },
    { buildId: 'rebuilt', unlistedBy: 'UNKNOWN' },
  ]);
});

test('resolving the situation afterwards gives what was carried along', () => {
  const host = resolveSituation(running([a, b], { unlisted: [unlisted(manifest('old'))] }), everything);
  const now = after(host, loadOver('REPLACE', load(c), host.list, host.list));
  expect(resolveSituation(now.situation, everything)).toEqual(now);
});

/** The list after an accepted operation, by the mind and by a real kernel. */
const learned = new Learned();
const replayed = observations.flatMap((observed) => {
  const operation = operationOf(observed);
  const [host] = sceneOf(observed, learned);
  learned.learn(observed);
  const plan =
    operation === null || !observed.accepted || observed.settled !== true
      ? null
      : courseOf(observed.op, observed.target, operation, host);
  if (plan === null) return [];
  return [
    {
      name: `${observed.kernel} ${observed.scenario} ${observed.step}`,
      mind: after(host, plan).list.map((patch) => patch.name),
      kernel: observed.after.map((patch) => patch.name),
    },
  ];
});

function courseOf(
  op: string,
  target: string,
  operation: NonNullable<ReturnType<typeof operationOf>>,
  { list, inTransition }: ResolvedSituation,
): Plan | null {
  if (operation.action === 'LOAD')
    return loadOver('STACK', operation.patch, operation.patch.replace === true ? list : [], list);
  const patch = list.find((one) => one.name === target);
  if (patch === undefined || (op !== 'disable' && op !== 'enable')) return null;
  return patch === inTransition ? reverse(patch, list) : disableOnly([patch], list);
}

test(`the list after ${replayed.length} operations on real kernels is the one that was told`, () => {
  expect(replayed.length).toBeGreaterThan(500);
  expect(
    replayed.filter(({ mind, kernel }) => mind.toSorted().join(' ') !== kernel.toSorted().join(' ')),
  ).toEqual([]);
});
