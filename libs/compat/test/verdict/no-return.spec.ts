import fc from 'fast-check';
import {
  DEFAULT_QUESTION,
  type ReturnTarget,
  findNoReturn,
  kindOf,
  type Manifest,
  type NoReturn,
  type Question,
  resolveSituation,
  type Situation,
  type WayBack,
  waysBackTo,
} from '../../src/index.js';
import {
  authorState,
  catalog,
  leftover,
  listed,
  manifest,
  NO_CALLBACKS,
  promising,
  running,
  UNPATCH_CALLBACKS,
  statement,
} from '../../src/testing/index.js';
import { distinct, runs, type World, world } from '../arbitrary.js';

interface Installing {
  readonly list?: readonly Manifest[];
  readonly host?: Partial<Situation>;
  readonly install?: Manifest;
  readonly published?: readonly Manifest[];
  readonly back?: readonly ReturnTarget[];
  readonly question?: Partial<Question>;
  readonly age?: number;
}

/** `now` runs, `next` is installed over it, and both hold the same state. */
const now = promising('now', { 7: 1 });
const next = promising('next', { 7: 1 });

function install({
  list = [now],
  host: differs = {},
  install = next,
  published = [],
  back,
  question = {},
  age = 10,
}: Installing): NoReturn {
  const everything = catalog([...list, install, ...published]);
  const host = resolveSituation(running(list, differs), everything);
  const fresh = { level: 'FRESH', ageSeconds: age, superseded: false } as const;
  return findNoReturn(
    host,
    install,
    everything,
    fresh,
    { ...DEFAULT_QUESTION, ...question },
    back ?? waysBackTo(published),
  );
}

const nameOf = (to: ReturnTarget): string => (to.kind === 'PATCH' ? to.patch.name : to.kind);
const summary = ({ to, open, closed, reasons }: WayBack): string => {
  const why = [
    ...new Set(
      reasons.map(({ code, stateId }) => [code, stateId].filter((part) => part !== undefined).join(' ')),
    ),
  ];
  return `${nameOf(to)} ${closed ? `closed by ${why.join(', ')}` : open ? 'open' : 'not open'}`;
};

const n = (name: string, states = {}, differs = {}) =>
  promising(name, states, { replace: false, ...differs });
const TODAY: ReturnTarget[] = [{ kind: 'TODAY' }];
const hinted = manifest(
  'hinted',
  {},
  { callbacks: UNPATCH_CALLBACKS, author: statement({ states: [authorState(7, 1, 'CALLBACKS')] }) },
);
const free = manifest('free', {}, { author: statement({ impactNone: true }) });

test.each<[sentence: string, installing: Installing, ways: string[], states?: bigint[]]>([
  ['the same states at the same versions: every way stays open', {}, ['ORIGINAL open', 'TODAY open']],
  ['what is there already closes nothing', { install: now }, ['ORIGINAL open', 'TODAY open']],
  [
    'a version is raised',
    { install: promising('next', { 7: 2 }) },
    ['ORIGINAL open', 'TODAY closed by STATE_VERSION_TOO_LOW 7'],
    [7n],
  ],
  [
    'a state is added',
    { install: promising('next', { 7: 1, 8: 1 }) },
    ['ORIGINAL open', 'TODAY closed by STATE_MISSING_IN_TARGET 8'],
    [8n],
  ],
  [
    'several states at once',
    { install: promising('next', { 7: 2, 8: 1 }), back: TODAY },
    ['TODAY closed by STATE_VERSION_TOO_LOW 7, STATE_MISSING_IN_TARGET 8'],
    [7n, 8n],
  ],
  [
    'a build to return to, in addition to today’s list',
    {
      install: promising('next', { 7: 2 }),
      published: [promising('old', { 7: 1 }), promising('ahead', { 7: 3 })],
    },
    [
      'ORIGINAL open',
      'TODAY closed by STATE_VERSION_TOO_LOW 7',
      'old closed by STATE_VERSION_TOO_LOW 7',
      'ahead open',
    ],
    [7n],
  ],
  [
    'what was refused before is not closed now',
    {
      install: promising('next', { 7: 2 }),
      published: [manifest('old')],
      back: [{ kind: 'PATCH', patch: manifest('old') }],
    },
    ['old not open'],
  ],
  [
    'a new state that nothing restores',
    { install: manifest('next', { 7: 1, 8: 1 }, { callbacks: NO_CALLBACKS }), back: [{ kind: 'ORIGINAL' }] },
    ['ORIGINAL closed by STATE_NOT_RESTORED 7, STATE_NOT_RESTORED 8'],
    [7n, 8n],
  ],
  [
    'a new state that cannot be restored',
    {
      install: promising(
        'next',
        { 7: 1, 8: 1 },
        { author: statement({ states: [authorState(7, 1, 'CALLBACKS'), authorState(8, 1, 'IMPOSSIBLE')] }) },
      ),
      back: [{ kind: 'ORIGINAL' }],
    },
    ['ORIGINAL closed by STATE_IRREVERSIBLE 8'],
    [8n],
  ],
  [
    'a state that is in the author’s word alone',
    {
      list: [free],
      install: manifest('next', {}, { author: statement({ states: [authorState(9, 1, 'NOT_NEEDED')] }) }),
    },
    ['ORIGINAL open', 'TODAY closed by STATE_LEFT_BEHIND 9'],
    [9n],
  ],
  [
    'callbacks that no source describes',
    { list: [free], install: manifest('next', {}, { callbacks: UNPATCH_CALLBACKS, impact: 'UNDECLARED' }) },
    ['ORIGINAL closed by STATES_UNDECLARED', 'TODAY closed by STATES_UNDECLARED'],
  ],
  [
    'another owner',
    { install: promising('next', { 7: 1 }, { owner: 'vendor' }) },
    ['ORIGINAL open', 'TODAY closed by FOREIGN_PATCH_DISCARDED'],
  ],
  [
    'the same name',
    { install: promising('now', { 7: 1 }, { buildId: 'rebuilt' }), back: TODAY },
    ['TODAY closed by MODULE_NAME_TAKEN'],
  ],
  ['its own module is only in the way until it is removed', { back: TODAY }, ['TODAY open']],
  [
    'a route that the gate names',
    {
      install: promising('next', { 7: 2 }),
      back: TODAY,
      question: { routes: ['REPLACE', 'DISABLE_THEN_LOAD'] },
    },
    ['TODAY open'],
  ],
  ['on top, and off again', { install: n('top', { 8: 1 }) }, ['ORIGINAL open', 'TODAY open']],
  [
    'on top, and the gate names no way off',
    { install: n('top', { 8: 1 }), back: TODAY, question: { routes: ['REPLACE'] } },
    ['TODAY closed by MODULE_NAME_TAKEN, STATE_MISSING_IN_TARGET 8'],
    [8n],
  ],
  [
    'on top, and what is below it cannot be replaced any more',
    { install: n('top', { 8: 1 }), published: [promising('old', { 7: 1 })] },
    ['ORIGINAL open', 'TODAY open', 'old closed by STATE_MISSING_IN_TARGET 8'],
    [8n],
  ],
  [
    'on top, with a state that is below it too',
    { install: n('top', { 7: 1 }), back: TODAY },
    ['TODAY closed by STACK_DEPENDENCY_UNKNOWN 7'],
    [7n],
  ],
  ['nothing runs today', { list: [], back: TODAY }, ['TODAY open']],
  [
    'nothing runs today, and what comes cannot be restored',
    { list: [], install: manifest('next', { 7: 1 }), back: TODAY },
    ['TODAY closed by STATE_NOT_RESTORED 7'],
    [7n],
  ],
  [
    'it is not known whether it is cumulative: worse if it is',
    { install: promising('next', { 7: 1, 8: 1 }, { replace: null }), back: TODAY },
    ['TODAY closed by STATE_MISSING_IN_TARGET 8'],
    [8n],
  ],
  [
    'it is not known whether it is cumulative: worse if it is not',
    { install: promising('next', { 7: 1 }, { replace: null }), back: TODAY },
    ['TODAY closed by STACK_DEPENDENCY_UNKNOWN 7'],
    [7n],
  ],
  [
    'too old a report says nothing',
    { install: promising('next', { 7: 2 }), age: 5000 },
    ['ORIGINAL not open', 'TODAY not open'],
  ],
  [
    'the list before today’s stays the list before today’s',
    {
      host: { previous: ['id-of-old'] },
      install: promising('next', { 7: 2 }),
      published: [promising('old', { 7: 2 })],
      back: [{ kind: 'PREVIOUS' }, ...TODAY],
    },
    ['PREVIOUS open', 'TODAY closed by STATE_VERSION_TOO_LOW 7'],
    [7n],
  ],
  [
    'an open transition passes, and its list is nothing to come back to',
    { host: { list: [listed(now, { transition: true })] } },
    ['ORIGINAL open', 'TODAY not open'],
  ],
  [
    'what is on its way in replaces a patch that only its author declares a state of',
    {
      list: [hinted, free],
      host: { list: [listed(hinted), listed(free, { transition: true })] },
      install: free,
    },
    ['ORIGINAL closed by STATE_LEFT_BEHIND 7', 'TODAY not open'],
    [7n],
  ],
  [
    'a patch without a build-id is nothing to come back to',
    { host: { list: [listed(now, { buildId: null })] } },
    ['ORIGINAL not open', 'TODAY not open'],
  ],
  [
    'under rules that are asked for: one of another set goes on top',
    {
      install: promising('next', { 8: 1 }, { replaceSet: 1n }),
      back: TODAY,
      question: { rules: 'replace-set' },
    },
    ['TODAY open'],
  ],
  [
    'under the kernel’s own it does not',
    { install: promising('next', { 8: 1 }, { replaceSet: 1n }), back: TODAY },
    ['TODAY closed by STATE_MISSING_IN_TARGET 8, STATE_LEFT_BEHIND 7'],
    [8n, 7n],
  ],
  [
    'several patches come back by no single load',
    { list: [{ ...free, replace: false }, n('b', { 7: 1 })], back: TODAY },
    ['TODAY closed by TARGET_UNRESOLVED'],
  ],
])('%s', (_, installing, expected, states = []) => {
  const { ways } = install(installing);
  expect(ways.map(summary)).toEqual(expected);
  expect([...new Set(ways.flatMap((way) => way.states))]).toEqual(states);
});

test('of what is on its way in, afterwards is as if it had come in', () => {
  const back: ReturnTarget[] = [{ kind: 'ORIGINAL' }];
  const [under] = install({ host: { list: [listed(now), listed(next, { transition: true })] }, back }).ways;
  const [before] = install({ back }).ways;
  expect(under!.afterwards).toEqual(before!.afterwards);
  expect(under!.today).not.toEqual(under!.afterwards);
});

test('a list that is not known by build-ids is no earlier list', () => {
  const { ways } = install({
    host: { list: [listed(now, { buildId: null }), listed(n('top'))] },
    published: [n('top')],
    back: TODAY,
  });
  expect(ways[0]!.today.reasons).toContainEqual({
    code: 'TARGET_UNRESOLVED',
    detail: 'no earlier list of this boot is known',
  });
});

test('unless others are named, the ways back are to the original code and to today’s list', () => {
  const everything = catalog([now, next]);
  const { ways } = findNoReturn(resolveSituation(running([now]), everything), next, everything, {
    level: 'FRESH',
    ageSeconds: 1,
    superseded: false,
  });
  expect(ways.map(summary)).toEqual(['ORIGINAL open', 'TODAY open']);
});

describe('the candidate itself', () => {
  test.each<[sentence: string, installing: Installing, kind: string, errno: string | null]>([
    ['it can be installed', {}, 'SAFE', null],
    ['it is there', { install: now }, 'SAFE', null],
    ['it goes on top', { install: n('top', { 8: 1 }) }, 'SAFE', null],
    ['it is refused: it lacks a state', { install: manifest('next') }, 'REFUSED', 'EINVAL'],
    [
      'it is refused while a transition is open',
      {
        list: [now, promising('in', { 7: 1 })],
        host: { list: [listed(now), listed(promising('in', {}), { transition: true })] },
      },
      'REFUSED',
      'EBUSY',
    ],
    [
      'it is refused while its module is loaded',
      { host: { leftovers: [leftover(next)] } },
      'REFUSED',
      'EEXIST',
    ],
    [
      'it is refused, whatever routes the way back has',
      { install: manifest('next'), question: { routes: ['DISABLE'] } },
      'REFUSED',
      'EINVAL',
    ],
  ])('%s', (_, installing, kind, errno) => {
    expect(install(installing).installing).toMatchObject({ kind, errno });
  });

  test('a refused installation has ways back all the same', () => {
    const { installing, ways } = install({ install: promising('next', { 8: 1 }), back: TODAY });
    expect([installing.kind, ...ways.map(summary)]).toEqual([
      'REFUSED',
      'TODAY closed by STATE_MISSING_IN_TARGET 8, STATE_LEFT_BEHIND 7',
    ]);
  });
});

const inWorld = (
  { situation, manifests, seen, freshness, question }: World,
  candidate: Manifest,
): NoReturn => {
  const everything = catalog(manifests, seen ? {} : { sightings: () => [] });
  return findNoReturn(
    resolveSituation(situation, everything),
    candidate,
    everything,
    freshness,
    question,
    waysBackTo(manifests),
  );
};
const law = (name: string, holds: (of: World) => void): void =>
  test(name, () => fc.assert(fc.property(world, holds), runs(100)));

law('what is there already closes nothing', (of) => {
  for (const { buildId, enabled } of of.situation.list.filter((patch) =>
    of.manifests.some((manifest) => manifest.buildId === patch.buildId),
  )) {
    const candidate = of.manifests.find((manifest) => manifest.buildId === buildId)!;
    if (enabled && of.situation.list.every((patch) => !patch.transition))
      expect(inWorld(of, candidate).ways.filter(({ closed }) => closed)).toEqual([]);
  }
});

law('only what is open can be closed, and something closes it', (of) => {
  for (const candidate of of.manifests) {
    for (const { open, closed, reasons, states, today, afterwards } of inWorld(of, candidate).ways) {
      if (closed) expect(open).toBe(true);
      expect(reasons.length > 0).toBe(closed);
      expect(
        reasons.filter((reason) => kindOf(reason) === 'ADVISORY' || !afterwards.reasons.includes(reason)),
      ).toEqual([]);
      expect(states).toEqual([
        ...new Set(reasons.map(({ stateId }) => stateId).filter((id) => id !== undefined)),
      ]);
      if (today.kind === 'SAFE') expect(open).toBe(true);
      if (afterwards.kind === 'SAFE') expect(closed).toBe(false);
    }
  }
});

/** A patch without callbacks that holds these, and others to go back to. */
const holding = (name: string, own: readonly { id: bigint; version: number }[]): Manifest =>
  manifest(
    name,
    own.map(({ id, version }) => [id, version] as const),
  );

test('law: an equal map of the same owner, without callbacks, closes no way', () =>
  fc.assert(
    fc.property(distinct, fc.array(distinct, { maxLength: 2 }), (own, olds) => {
      const published = olds.map((old, i) => holding(`old-${i}`, old));
      const { ways } = install({
        list: [holding('now', own)],
        install: holding('next', own.toReversed()),
        published,
      });
      expect(ways.filter(({ closed }) => closed)).toEqual([]);
    }),
    runs(500),
  ));

test('law: a version that is raised closes the way back to today’s list, by that state', () =>
  fc.assert(
    fc.property(distinct, fc.nat(3), (own, i) => {
      const raised = own.map((state, at) => (at === i ? { ...state, version: state.version + 1 } : state));
      fc.pre(i < own.length && raised[i]!.version <= 0xffffffff);
      const { installing, ways } = install({
        list: [holding('now', own)],
        install: holding('next', raised),
        back: TODAY,
      });
      expect(installing.kind).toBe('SAFE');
      expect(ways).toMatchObject([
        { open: true, closed: true, reasons: [{ code: 'STATE_VERSION_TOO_LOW' }], states: [own[i]!.id] },
      ]);
    }),
    runs(500),
  ));

test('the laws are not empty: a good part of these installations closes a way', () => {
  const closing = fc
    .sample(world, { numRuns: 300, seed: 7 })
    .filter((of) => inWorld(of, of.manifests[0]!).ways.some(({ closed }) => closed));
  expect(closing.length).toBeGreaterThan(30);
});
