import { after, recognise, recogniseManifest, type Scene } from '../src/index.js';
import { type Course, disableOnly, disableThenLoad, loadOver, nothing, turnRound } from '../src/course.js';
import { rebootInto } from '../src/reboot.js';
import { catalog, leftover, listed, manifest, NO_CALLBACKS, running } from '../src/testing/index.js';
import { Learned, observations, operationOf, sceneOf } from './lab.js';

const n = (name: string, differs = {}) => manifest(name, {}, { replace: false, ...differs });
const [a, b, c] = [n('a'), n('b'), manifest('c')];
const everything = catalog([a, b, c]);
const on = (...list: Parameters<typeof running>[0]): Scene => recognise(running(list, { previous: ['id-of-z'] }), everything);
const opening = (name: 'b' | 'c', enabled: boolean, differs = {}) => listed(name === 'b' ? b : c, { transition: true, enabled, ...differs });
const load = recogniseManifest;
const told = ({ list, situation, departed, inTransition }: Scene) => ({
  list: list.map((patch) => patch.name).join(' '),
  leftovers: situation.leftovers.map((module) => module.name).join(' '),
  departed: departed.map(({ known, departure }) => `${known.name} ${departure}`).join(', '),
  previous: situation.previous?.join(' ') ?? null,
  open: inTransition?.name ?? null,
});

test.each<[sentence: string, scene: Scene, course: (scene: Scene) => Course, expected: Partial<ReturnType<typeof told>>]>([
  ['nothing is done', on(a), (scene) => ({ ...nothing, route: 'NONE_NEEDED', stays: scene.list }), { list: 'a', departed: '', previous: 'id-of-z' }],
  [
    'a replaced patch leaves its module behind',
    on(a),
    ({ list }) => loadOver('REPLACE', load(c), list, list),
    { list: 'c', leftovers: 'a', departed: 'a REPLACED', previous: 'id-of-a' },
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
    { list: '', leftovers: 'b a', departed: 'b DISABLED, a DISABLED', previous: 'id-of-a' },
  ],
  [
    'a module that is removed on the way is gone, what its patch did is not',
    on(a),
    ({ list }) => disableThenLoad(load({ ...c, name: 'a' }), list, [], [], list),
    { list: 'a', leftovers: '', departed: 'a DISABLED', previous: '' },
  ],
  [
    'a patch turned round on its way in has left, as if disabled',
    on(a, opening('b', true)),
    (scene) => turnRound(scene.inTransition!, scene.list)!,
    { list: 'a', departed: 'b DISABLED', open: null, previous: null },
  ],
  [
    'a patch turned round on its way out stays',
    on(a, opening('b', false)),
    (scene) => turnRound(scene.inTransition!, scene.list)!,
    { list: 'a b', departed: '', open: null, previous: 'id-of-z' },
  ],
  [
    'an open transition is over before anything is loaded',
    on(a, opening('c', true)),
    ({ list }) => loadOver('STACK', load(b), [], list),
    { list: 'c b', departed: 'a REPLACED', open: null, previous: 'id-of-c' },
  ],
  [
    'a patch on its way out has left before anything is loaded',
    on(a, opening('b', false)),
    ({ list }) => loadOver('REPLACE', load(c), list, list),
    { list: 'c', departed: 'b DISABLED, a REPLACED', previous: 'id-of-a' },
  ],
  [
    'a cumulative patch that was turned round on its way out throws out no one above it',
    on(opening('c', true), b),
    ({ list }) => loadOver('STACK', load(a), [], list),
    { list: 'c b a', departed: '', open: null },
  ],
  ['a reboot leaves nothing of this boot', on(a, b), (scene) => rebootInto(['id-of-c'], scene, [c]), { list: 'c', leftovers: '', departed: '', open: null }],
])('%s', (_, scene, course, expected) => expect(told(after(scene, course(scene)))).toMatchObject(expected));

test.each<[sentence: string, callbacks: object | null, departure: string]>([
  ['only post_unpatch would have run anyway', { ...NO_CALLBACKS, postUnpatch: true }, 'DISABLED'],
  ['its pre_unpatch never ran', { ...NO_CALLBACKS, preUnpatch: true, postUnpatch: true }, 'UNKNOWN'],
  ['its callbacks cannot be read', null, 'UNKNOWN'],
])('a reversed enable counts as disabled only where that is the same: %s', (_, callbacks, departure) => {
  const incoming = n('b', { callbacks });
  const scene = recognise(running([a, listed(incoming, { transition: true })]), catalog([a, incoming]));
  expect(after(scene, turnRound(scene.inTransition!, scene.list)!).departed.map((one) => one.departure)).toEqual([departure]);
});

test('the flag of what was loaded is as its module says: no sysfs has shown it', () =>
  expect(after(on(), loadOver('STACK', load(b), [], [])).situation.list).toMatchObject([{ replace: null, enabled: true, transition: false }]));

test('what is recognised anew afterwards is what was carried along', () => {
  const scene = recognise(running([a, b], { leftovers: [leftover(manifest('old'))] }), everything);
  const now = after(scene, loadOver('REPLACE', load(c), scene.list, scene.list));
  expect(recognise(now.situation, everything).list).toEqual(now.list);
});

/** The list after an accepted operation, by the mind and by a real kernel. */
const learned = new Learned();
const replayed = observations.flatMap((observed) => {
  const operation = operationOf(observed);
  const [scene] = sceneOf(observed, learned);
  learned.learn(observed);
  const course = operation === null || !observed.accepted || observed.settled !== true ? null : courseOf(observed.op, observed.target, operation, scene);
  if (course === null) return [];
  return [
    {
      name: `${observed.kernel} ${observed.scenario} ${observed.step}`,
      mind: after(scene, course).list.map((patch) => patch.name),
      kernel: observed.after.map((patch) => patch.name),
    },
  ];
});

function courseOf(op: string, target: string, operation: NonNullable<ReturnType<typeof operationOf>>, { list, inTransition }: Scene): Course | null {
  if (operation.action === 'LOAD') return loadOver('STACK', operation.patch, operation.patch.replace === true ? list : [], list);
  const patch = list.find((one) => one.name === target);
  if (patch === undefined || (op !== 'disable' && op !== 'enable')) return null;
  return patch === inTransition ? turnRound(patch, list) : disableOnly([patch], list);
}

test(`the list after ${replayed.length} operations on real kernels is the one that was told`, () => {
  expect(replayed.length).toBeGreaterThan(500);
  expect(replayed.filter(({ mind, kernel }) => mind.toSorted().join(' ') !== kernel.toSorted().join(' '))).toEqual([]);
});
