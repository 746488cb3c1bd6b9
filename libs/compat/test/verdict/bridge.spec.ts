import {
  BRIDGES_TRIED,
  judgeRoutes,
  type Manifest,
  resolveSituation,
  ROUTES,
  type Step,
  type Target,
} from '../../src/index.js';
import { DEFAULT_QUESTION } from '../../src/index.js';
import {
  type Asked,
  ask,
  authorState,
  capabilities,
  catalog,
  manifest,
  newer,
  older,
  promising,
  running,
  statement,
} from '../../src/testing/index.js';

// First to a build that takes today's states, then on from there.

const stuck = manifest('stuck', { 7: 1 });
const bridge = promising('bridge', { 7: 1 });
const written = (steps: readonly Step[]): string =>
  steps.map((step) => `${step.action} ${step.patch}`).join(', ');
const over = (bridges: readonly Manifest[], differs: Partial<Asked> = {}): Asked => ({
  list: [stuck],
  to: { kind: 'ORIGINAL' },
  catalog: { bridges: () => bridges },
  question: { routes: ['BRIDGE'] },
  ...differs,
});
const named = (name: string, build: string): Manifest => manifest(name, { 7: 1 }, { buildId: build });

test.each<[sentence: string, asked: Asked, kind: string, steps: string]>([
  [
    'a patch that restores nothing is handed to one that does',
    over([bridge]),
    'SAFE',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  [
    'from the bridge to an older patch',
    over([promising('bridge', { 7: 2 })], { list: [manifest('two', { 7: 2 })], to: older }),
    'SAFE',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge, LOAD older, WAIT older',
  ],
  [
    'from the bridge to an earlier list of two',
    over([manifest('bridge', { 7: 1 })], {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older', 'id-of-top'] },
      published: [older, manifest('top', {}, { replace: false })],
    }),
    'SAFE',
    'LOAD bridge, WAIT bridge, LOAD older, WAIT older, LOAD top, WAIT top',
  ],
  [
    'a name is freed on the way, without a time unpatched',
    over([manifest('bridge', { 7: 1 })], { list: [named('lp', 'lp-1')], to: named('lp', 'lp-2') }),
    'SAFE',
    'LOAD bridge, WAIT bridge, REMOVE_MODULE lp, LOAD lp, WAIT lp',
  ],
  [
    'a non-cumulative one on top holds the state while the one below is disabled',
    over([manifest('holder', { 7: 1 }, { replace: false })], {
      list: [older, manifest('top', { 8: 1 }, { replace: false })],
      to: { kind: 'PATCH', patch: older },
    }),
    'UNSAFE',
    'LOAD holder, WAIT holder, DISABLE holder, WAIT holder, DISABLE top, WAIT top',
  ],
  [
    'the bridge promises nothing',
    over([manifest('bridge', { 7: 1 })]),
    'UNSAFE',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  [
    'the bridge belongs to someone else',
    over([{ ...bridge, owner: 'vendor' }]),
    'UNSAFE',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  [
    'the bridge was never loaded on this kernel',
    over([bridge], { catalog: { bridges: () => [bridge], sightings: () => [] } }),
    'UNKNOWN',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  [
    'what is undeclared stays so, whatever patch takes it over',
    over([bridge], { list: [manifest('stuck', {}, { impact: 'UNDECLARED' })] }),
    'UNKNOWN',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  [
    'what its author calls irreversible, no bridge brings back',
    over([bridge], {
      list: [
        manifest('stuck', { 7: 1 }, { author: statement({ states: [authorState(7, 1, 'IMPOSSIBLE')] }) }),
      ],
    }),
    'UNSAFE',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  ['the bridge would be refused for today’s states', over([promising('bridge', { 8: 1 })]), 'UNKNOWN', ''],
  ['it is not known whether the bridge is cumulative', over([{ ...bridge, replace: null }]), 'UNKNOWN', ''],
  ['the bridge’s states cannot be read', over([{ ...bridge, states: null }]), 'UNKNOWN', ''],
  [
    'one of two possible rule sets would refuse the bridge',
    over([promising('bridge', { 8: 1 }, { kernelRelease: '5.3.0' })], {
      list: [{ ...stuck, kernelRelease: '5.3.0' }],
      host: { kernelRelease: '5.3.0', capabilities: capabilities({ symbols: null, stateFields: null }) },
    }),
    'UNKNOWN',
    '',
  ],
  [
    'the report is too old, whatever the bridge',
    over([bridge], { freshness: { ageSeconds: 901 } }),
    'UNKNOWN',
    'LOAD bridge, WAIT bridge, DISABLE bridge, WAIT bridge',
  ],
  ['the bridge is recalled', over([{ ...bridge, recalled: true }]), 'UNKNOWN', ''],
  ['the bridge is for another kernel', over([{ ...bridge, kernelRelease: '6.1.0' }]), 'UNKNOWN', ''],
  ['the bridge is for another architecture', over([{ ...bridge, arch: 'aarch64' }]), 'UNKNOWN', ''],
  ['the bridge is listed already', over([stuck]), 'UNKNOWN', ''],
  ['the catalog offers none', over([], { catalog: {} }), 'UNKNOWN', ''],
])('%s', (_, asked, kind, steps) => {
  const verdict = ask(asked);
  expect({ kind: verdict.kind, steps: written(verdict.steps), route: verdict.route }).toEqual({
    kind,
    steps,
    route: steps === '' ? null : 'BRIDGE',
  });
});

test('of two equal bridges the one with the first build-id is answered, in whatever order they come', () => {
  const [first, second] = [
    promising('b', { 7: 1 }, { buildId: '1' }),
    promising('a', { 7: 1 }, { buildId: '2' }),
  ];
  expect(ask(over([first, second])).steps[0]).toMatchObject({ patch: 'b', buildId: '1' });
  expect(ask(over([second, first]))).toEqual(ask(over([first, second])));
});

test('of two acceptable bridges the cheaper one is answered: it leaves no CVE open on the way', () => {
  const fixing = (name: string, buildId: string, ...cves: string[]) =>
    promising(
      name,
      { 7: 2 },
      { buildId, author: statement({ cves, states: [authorState(7, 2, 'CALLBACKS')] }) },
    );
  const dear = fixing('dear', '1');
  const cheap = fixing('cheap', '2', 'CVE-1');
  const asked = over([dear, cheap], {
    list: [fixing('two', '0', 'CVE-1')],
    to: manifest('three', { 7: 2 }, { name: 'two', author: statement({ cves: ['CVE-1'] }) }),
  });
  expect(ask(asked)).toMatchObject({
    kind: 'SAFE',
    steps: [{ patch: 'cheap' }, {}, {}, {}, {}],
    price: { transitionsUnpatched: 0, transitions: 2 },
  });
});

test('of two bridges the acceptable one is answered, though it be dearer', () => {
  const fixing = (name: string, differs: Partial<Manifest> = {}) =>
    promising(
      name,
      { 7: 2 },
      { author: statement({ cves: ['CVE-1'], states: [authorState(7, 2, 'CALLBACKS')] }), ...differs },
    );
  const dear = promising('dear', { 7: 2 });
  const cheap = fixing('cheap', { owner: 'vendor' });
  for (const [dearId, cheapId] of [
    ['1', '2'],
    ['2', '1'],
  ] as const) {
    const asked = over(
      [
        { ...dear, buildId: dearId },
        { ...cheap, buildId: cheapId },
      ],
      { list: [fixing('two')], to: { ...fixing('three'), name: 'two' } },
    );
    expect(ask(asked)).toMatchObject({
      kind: 'SAFE',
      steps: [{ patch: 'dear' }, {}, {}, {}, {}],
      price: { transitionsUnpatched: 1, transitions: 2 },
    });
  }
});

test('a bridge is the answer where the direct way is as acceptable, and dearer', () => {
  const three = ['a', 'b', 'c'].map((name) =>
    promising(
      name,
      { 7: 1 },
      { replace: false, author: statement({ states: [authorState(7, 1, 'NOT_NEEDED')] }) },
    ),
  );
  const asked = over([bridge], { list: three, question: { routes: ['DISABLE', 'BRIDGE'] } });
  expect(ask({ ...asked, question: { routes: ['DISABLE'] } })).toMatchObject({
    kind: 'SAFE',
    price: { transitions: 3 },
  });
  expect(ask(asked)).toMatchObject({ route: 'BRIDGE', price: { transitions: 2 } });
  const gap = over([manifest('bridge', { 7: 2 })], {
    list: [promising('two', { 7: 2 })],
    to: { ...manifest('next', { 7: 2 }), name: 'two' },
  });
  expect(ask({ ...gap, question: { routes: ['DISABLE_THEN_LOAD', 'BRIDGE'] } })).toMatchObject({
    route: 'BRIDGE',
    price: { transitionsUnpatched: 0 },
  });
});

test('a question about each route returns the bridge too, although it could not be better', () => {
  const known = catalog([newer, older, bridge], { bridges: () => [bridge] });
  const fresh = { level: 'FRESH', ageSeconds: 1, superseded: false } as const;
  const question = { ...DEFAULT_QUESTION, routes: ['REPLACE', 'BRIDGE'] } as const;
  const answers = judgeRoutes(
    resolveSituation(running([newer]), known),
    { kind: 'PATCH', patch: older },
    known,
    fresh,
    question,
  );
  expect(answers.map(({ route }) => route)).toEqual(['REPLACE', 'BRIDGE']);
});

test('where the direct way is refused, the bridge is the answer', () =>
  expect(
    ask(
      over([manifest('bridge', { 7: 1 })], {
        list: [named('lp', 'lp-1')],
        to: named('lp', 'lp-2'),
        question: { routes: ['REPLACE', 'BRIDGE'] },
      }),
    ),
  ).toMatchObject({
    route: 'BRIDGE',
    kind: 'SAFE',
  }));

test('who is there already needs no bridge', () =>
  expect(ask(over([bridge], { list: [older], to: older }))).toMatchObject({
    route: null,
    reasons: [{ code: 'TARGET_UNRESOLVED' }],
  }));

test('an acceptable bridge is found among those that are not', () =>
  expect(
    ask(over([manifest('a', { 7: 1 }), bridge, { ...manifest('z', { 7: 1 }), owner: 'vendor' }])),
  ).toMatchObject({
    kind: 'SAFE',
    searched: { tried: 3, of: 3 },
  }));

test('no more than the maximum is tried, and the answer says so', () => {
  const many = Array.from({ length: BRIDGES_TRIED + 6 }, (_, i) => manifest(`bridge-${i}`, { 7: 1 }));
  expect(ask(over([...many, { ...bridge, buildId: 'the last of all' }]))).toMatchObject({
    kind: 'UNSAFE',
    searched: { tried: 64, of: 71 },
  });
  const nowhere = ask(over(many, { to: manifest('lower', { 7: 0 }, { replace: false }) }));
  expect(nowhere.reasons).toMatchObject([
    {
      code: 'TARGET_UNRESOLVED',
      detail:
        'none of the routes asked for leads to that list; of 70 builds that could be a bridge 64 were tried',
    },
  ]);
});

test('a bridge is not searched where it could not be better, or was not asked for', () => {
  const bridges = () => {
    throw new Error('searched');
  };
  expect(ask({ catalog: { bridges }, question: { routes: ROUTES } })).toMatchObject({
    route: 'REPLACE',
    kind: 'SAFE',
  });
  expect(ask({ catalog: { bridges }, list: [older], question: { routes: ROUTES } })).toMatchObject({
    route: 'NONE_NEEDED',
  });
  expect(
    ask({
      catalog: { bridges },
      list: [manifest('two', { 7: 2 })],
      question: { routes: ['REPLACE', 'DISABLE_THEN_LOAD'] },
    }).kind,
  ).not.toBe('SAFE');
});

test('all routes are answered, the most acceptable first, among these the cheapest', () => {
  const two = promising('two', { 7: 2 });
  const known = catalog([two, older], { bridges: () => [manifest('bridge', { 7: 2 })] });
  const target: Target = {
    kind: 'PATCH',
    patch: { ...older, name: 'two', states: [{ id: 7n, version: 2 }] },
  };
  const fresh = { level: 'FRESH', ageSeconds: 1, superseded: false } as const;
  const answers = judgeRoutes(resolveSituation(running([two]), known), target, known, fresh, {
    ...DEFAULT_QUESTION,
    routes: ROUTES,
  });
  expect(
    answers.map(({ route, kind, price }) => [route, kind, price?.transitions, price?.transitionsUnpatched]),
  ).toEqual([
    ['BRIDGE', 'SAFE', 2, 0],
    ['DISABLE_THEN_LOAD', 'SAFE', 2, 1],
    ['REPLACE', 'REFUSED', 1, 0],
  ]);
});

test('the price of a bridge is that of both stages, and names what is open on the way', () => {
  const fixing = (name: string, differs: Partial<Manifest> = {}) => ({
    ...promising(name, { 7: 2 }),
    ...differs,
    author: statement({ cves: ['CVE-2', 'CVE-1'], states: [authorState(7, 2, 'CALLBACKS')] }),
  });
  const to = { ...older, author: statement({ cves: ['CVE-1', 'CVE-2'] }) };
  const asked = over([promising('bridge', { 7: 2 })], { list: [fixing('two')], to });
  expect(ask(asked)).toMatchObject({
    kind: 'SAFE',
    price: { transitions: 3, transitionsUnpatched: 2, cvesReopened: ['CVE-1', 'CVE-2'], reboots: 0 },
    reasons: [],
  });
  expect(ask({ ...asked, list: [newer], to: older }).price).toMatchObject({ cvesReopened: [] });
});
