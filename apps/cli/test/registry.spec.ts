import type { FleetAnswer } from '../src/gate/fleet.js';
import { asData, cohort, fleetAnswer, reason, verdict } from './fleet-answer.js';
import { type ReceivedRequest, type Reply, TinyRegistry } from './tiny-registry.js';
import { klpreg } from './environment.js';

const yes = asData(fleetAnswer([cohort(3, verdict([]))]));
const problem = (status: number, code: string, errors: unknown[] = []): Reply => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: {
    type: `urn:klpreg:problem:${code}`,
    title: code,
    status,
    detail: `the detail of ${code}`,
    code,
    errors,
  },
});
const graphqlError = (code: string, data: unknown = null) => ({
  body: { errors: [{ message: `about ${code}`, extensions: { code } }], data },
});

/** Runs a command against a registry with these answers. */
async function ask(
  answer: (request: ReceivedRequest, nth: number) => Reply | 'hang up',
  words: readonly string[] = ['can-i-downgrade', '--to', 'original'],
) {
  const registry = await TinyRegistry.open(answer);
  try {
    return {
      ...(await klpreg([...words, '--url', registry.url, '--token', 'secret'])),
      requests: registry.requests,
    };
  } finally {
    await registry.close();
  }
}

test('a complete answer is accepted, and the token is sent', async () => {
  const { exit, out, err, requests } = await ask(() => ({ body: yes }));
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    schemaVersion: 1,
    kind: 'SAFE',
    matched: 3,
    answer: 'yes',
    exitCode: 0,
    complete: true,
  });
  expect(err).toBe('YES: all 3 hosts can be downgraded\n');
  expect(requests[0]).toMatchObject({ method: 'POST', path: '/graphql', operation: 'CanDowngrade' });
  expect(requests[0]!.headers.authorization).toBe('Bearer secret');
});

test.each<[what: string, answer: Reply | 'hang up', exit: number, said: RegExp]>([
  ['the connection breaks', 'hang up', 4, /cannot be reached/],
  ['HTTP 401', problem(401, 'UNAUTHENTICATED'), 5, /the detail of UNAUTHENTICATED/],
  ['HTTP 403', problem(403, 'FORBIDDEN'), 5, /FORBIDDEN/],
  ['HTTP 401 without JSON', { status: 401, body: 'no' }, 5, /not authorised: HTTP 401/],
  [
    'GraphQL says UNAUTHENTICATED',
    graphqlError('UNAUTHENTICATED'),
    5,
    /about UNAUTHENTICATED[^]*--token-file/,
  ],
  ['GraphQL says FORBIDDEN', graphqlError('FORBIDDEN'), 5, /not authorised/],
  ['GraphQL says BAD_USER_INPUT', graphqlError('BAD_USER_INPUT'), 2, /about BAD_USER_INPUT/],
  ['GraphQL says AMBIGUOUS', graphqlError('AMBIGUOUS'), 2, /about AMBIGUOUS/],
  [
    'GraphQL says SNAPSHOT_GONE: a retry never helps',
    graphqlError('SNAPSHOT_GONE'),
    2,
    /about SNAPSHOT_GONE/,
  ],
  ['GraphQL says INTERNAL', graphqlError('INTERNAL'), 4, /could not answer/],
  ['a complete answer with an error', graphqlError('INTERNAL', yes.data), 4, /could not answer/],
  [
    'a complete answer with a usage error',
    graphqlError('BAD_USER_INPUT', yes.data),
    2,
    /about BAD_USER_INPUT/,
  ],
  ['errors that are no list', { body: { errors: 'many', ...yes } }, 4, /errors in an unknown form/],
  ['an error without a code', { body: { errors: [{ message: 'x' }], data: null } }, 4, /x \(no code\)/],
  ['HTTP 500 with a complete answer', { status: 500, body: yes }, 4, /HTTP 500/],
  ['HTTP 404: not a registry', { status: 404, body: 'not here' }, 4, /is not a registry/],
  ['garbage', { body: '<html>hello</html>' }, 4, /without JSON/],
  ['half an answer', { body: JSON.stringify(yes).slice(0, -9) }, 4, /without JSON/],
  ['no data', { body: {} }, 4, /without data/],
  ['null data', { body: { data: null } }, 4, /without data/],
  ['a list', { body: [yes] }, 4, /without data/],
  [
    'data of another shape',
    { body: { data: { canDowngrade: { kind: 'SAFE' } } } },
    4,
    /canDowngrade.counts should be an object, found nothing/,
  ],
  [
    'a null that the schema does not allow',
    { body: { data: { canDowngrade: null } } },
    4,
    /canDowngrade should be an object/,
  ],
  ['an unknown kind', { body: JSON.stringify(yes).replaceAll('"SAFE"', '"MAYBE"') }, 4, /found "MAYBE"/],
  [
    'counts that do not add up',
    { body: JSON.stringify(yes).replace('"safe":3', '"safe":2') },
    4,
    /contradicts itself/,
  ],
  ['a negative count', { body: JSON.stringify(yes).replace('"safe":3', '"safe":-3') }, 4, /whole number/],
  ['a redirect', { status: 302, headers: { location: '/elsewhere' }, body: '' }, 4, /cannot be reached/],
  [
    'HTTP 503 with a pause that is too long',
    { status: 503, headers: { 'retry-after': '3600' }, body: {} },
    4,
    /HTTP 503|without data/,
  ],
  [
    'an answer without its point in time',
    { body: JSON.stringify(yes).replace('"now":', '"then":') },
    4,
    /snapshot.now should be text, found nothing/,
  ],
  [
    'more pages without a cursor',
    { body: JSON.stringify(yes).replace('"hasNextPage":false', '"hasNextPage":true') },
    4,
    /gives no next cursor/,
  ],
])('%s', async (_what, answer, exit, said) => {
  const done = await ask(() => answer);
  expect(done.err).toMatch(said);
  expect(done.exit).toBe(exit);
  expect(done.out).toBe('');
});

test('a refused connection is 4', async () => {
  const { exit, err } = await klpreg(['can-i-downgrade', '--to', 'original', '--url', 'http://127.0.0.1:1']);
  expect(exit).toBe(4);
  expect(err).toMatch(/cannot be reached: \w+/);
});

test('a busy registry is asked again after its Retry-After', async () => {
  const { exit, environment, requests } = await ask((_request, nth) =>
    nth < 3 ? { status: 503, headers: { 'retry-after': '7' }, body: {} } : { body: yes },
  );
  expect(exit).toBe(0);
  expect(environment.slept).toEqual([7000, 7000]);
  expect(requests.length).toBe(3);
});

test('every page is read, and a state id above 2^53 is not rounded', async () => {
  const page = (ids: string[], endCursor: string | null) => ({
    body: {
      data: {
        states: {
          nodes: ids.map((stateId) => ({
            stateId,
            versions: [{ version: 4294967295, patches: 1, owners: ['o'], hosts: 0 }],
          })),
          totalCount: 3,
          pageInfo: { hasNextPage: endCursor !== null, endCursor },
        },
      },
    },
  });
  const answer = (request: ReceivedRequest) =>
    request.variables['after'] === null
      ? page(['9007199254740992', '9007199254740993'], 'c')
      : page(['18446744073709551615'], null);
  const { out } = await ask(answer, ['states']);
  expect((JSON.parse(out) as { states: { stateId: string }[] }).states.map((state) => state.stateId)).toEqual(
    ['9007199254740992', '9007199254740993', '18446744073709551615'],
  );
  const cut = await ask(answer, ['states', '--limit', '2', '-o', 'table']);
  expect(cut.out).toBe(
    [
      '           STATE     VERSION  PATCHES  HOSTS  OWNERS',
      '9007199254740992  4294967295        1      0  o',
      '9007199254740993  4294967295        1      0  o',
      '',
    ].join('\n'),
  );
  expect(cut.err).toBe('2 of 3 states; --limit shows more\n');
});

describe('a verdict on several pages', () => {
  const cohorts = [cohort(2, verdict([])), cohort(1, verdict([]))];
  const whole = asData(fleetAnswer(cohorts)).data.canDowngrade;
  const pageOf = (after: unknown, matched = 3) => {
    const second = after === 'c1';
    const counts = { ...whole.counts, safe: matched, total: matched, accepted: matched };
    return {
      body: {
        data: {
          canDowngrade: {
            ...whole,
            counts,
            matched,
            cohorts: {
              nodes: [cohorts[second ? 1 : 0]],
              totalCount: 2,
              pageInfo: { hasNextPage: !second, endCursor: second ? 'c2' : 'c1' },
            },
          },
        },
      },
    };
  };

  /** The same page, of another point in time. */
  const of = (page: ReturnType<typeof pageOf>, snapshot: Partial<FleetAnswer['snapshot']>) => {
    const { canDowngrade } = page.body.data;
    return {
      body: {
        data: { canDowngrade: { ...canDowngrade, snapshot: { ...canDowngrade.snapshot, ...snapshot } } },
      },
    };
  };

  test('is combined', async () => {
    const { exit, out } = await ask((request) => pageOf(request.variables['cohortsAfter']));
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ complete: true, cohorts: [{ hosts: 2 }, { hosts: 1 }] });
  });

  test('is of one point in time: later pages ask for the snapshot of the first', async () => {
    const { exit, requests } = await ask(
      (request) => of(pageOf(request.variables['cohortsAfter']), { now: '2026-11-23T09:45:00.000Z' }),
      ['can-i-downgrade', '--to', 'original', '--as-of', '15m', '--catalog', 'now', '--max-age', '1h'],
    );
    expect(exit).toBe(0);
    expect(
      requests.map(({ variables: { asOf, catalog, snapshot, maxAge } }) => ({
        asOf,
        catalog,
        snapshot,
        maxAge,
      })),
    ).toEqual([
      { asOf: '2026-11-23T09:45:00.000Z', catalog: 'NOW', maxAge: '1h' },
      { snapshot: 'WyJrbHAyIl0', maxAge: '1h' },
    ]);
  });

  test('is of one point in time: without a snapshot, later pages ask for the same instant', async () => {
    const { exit, requests } = await ask(
      (request) =>
        of(pageOf(request.variables['cohortsAfter']), { id: null, now: '2026-11-23T09:45:00.000Z' }),
      ['can-i-downgrade', '--to', 'original', '--as-of', '15m', '--catalog', 'now'],
    );
    expect(exit).toBe(0);
    expect(
      requests.map(({ variables: { asOf, catalog, snapshot } }) => ({ asOf, catalog, snapshot })),
    ).toEqual([
      { asOf: '2026-11-23T09:45:00.000Z', catalog: 'NOW' },
      { asOf: '2026-11-23T09:45:00.000Z', catalog: 'NOW' },
    ]);
  });

  test('is none if a later page is about another point in time', async () => {
    const { exit, err } = await ask((request, nth) =>
      of(pageOf(request.variables['cohortsAfter']), { id: `snapshot-${nth}` }),
    );
    expect(exit).toBe(4);
    expect(err).toContain('the question was about snapshot-1, and the answer is about snapshot-2');
  });

  test('about the present without a snapshot is compared with its first page', async () => {
    const { exit, requests } = await ask(
      (request, nth) =>
        of(pageOf(request.variables['cohortsAfter']), { id: null, now: `2026-11-23T10:00:0${nth}.000Z` }),
      ['can-i-downgrade', '--to', 'original', '--max-age', '60s'],
    );
    expect(exit).toBe(0);
    expect(requests.map(({ variables: { asOf, snapshot } }) => ({ asOf, snapshot }))).toEqual([{}, {}]);
  });

  test('is read again if the next server does not know its snapshot, and is never a yes if none does', async () => {
    const gone = graphqlError('SNAPSHOT_GONE');
    const calm = await ask((request, nth) => (nth === 2 ? gone : pageOf(request.variables['cohortsAfter'])));
    expect(calm.exit).toBe(0);
    expect(calm.requests.length).toBe(4);
    const restless = await ask((request) =>
      request.variables['cohortsAfter'] === null ? pageOf(null) : gone,
    );
    expect(restless.exit).toBe(3);
    expect(restless.requests.length).toBe(6);
  });

  test('is read again if the fleet changed in between, and is never a yes if it keeps changing', async () => {
    const calm = await ask((request, nth) => pageOf(request.variables['cohortsAfter'], nth === 1 ? 4 : 3));
    expect(calm.exit).toBe(0);
    expect(calm.requests.length).toBe(4);
    const restless = await ask((request, nth) => pageOf(request.variables['cohortsAfter'], nth + 2));
    expect(restless.exit).toBe(3);
    expect(restless.requests.length).toBe(6);
  });
});

describe('a point in time of the past', () => {
  const answerOf = (snapshot: Partial<FleetAnswer['snapshot']>, moment = whole.snapshot) => ({
    body: { data: { canDowngrade: { ...whole, snapshot: { ...moment, ...snapshot } } } },
  });
  const whole = yes.data.canDowngrade;
  const QUESTION = ['can-i-downgrade', '--to', 'original'];

  test.each<[what: string, flags: string[], snapshot: Partial<FleetAnswer['snapshot']>, exit: number]>([
    [
      'the instant that was asked for',
      ['--as-of', '2026-11-23T10:30:00+01:00'],
      { id: null, now: '2026-11-23T09:30:00.000Z' },
      0,
    ],
    ['another instant', ['--as-of', '2026-11-23T10:30:00+01:00'], { id: null }, 4],
    ['the snapshot that was asked for', ['--snapshot', 'WyJrbHAyIl0'], {}, 0],
    ['another snapshot', ['--snapshot', 'WyJrbHAyIm0'], {}, 4],
    ['no snapshot where one was asked for', ['--snapshot', 'WyJrbHAyIl0'], { id: null }, 4],
    [
      'the snapshot that was asked for, by another catalog',
      ['--snapshot', 'WyJrbHAyIl0', '--catalog', 'now'],
      { id: 'WyJrbHAyIm0' },
      0,
    ],
  ])('an answer of %s', async (_what, flags, snapshot, exit) => {
    const done = await ask(() => answerOf(snapshot), [...QUESTION, ...flags]);
    expect(done.exit).toBe(exit);
    if (exit === 4) expect(done.err).toContain('contradicts itself: the question was about ');
  });

  test('is in the JSON, together with the way to ask again', async () => {
    const present = await ask(() => answerOf({}), QUESTION);
    expect(JSON.parse(present.out)).toMatchObject({
      asOf: null,
      why: 'all 3 hosts can be downgraded',
      snapshot: whole.snapshot,
    });
    const past = await ask(() => answerOf({}), [...QUESTION, '--snapshot', 'WyJrbHAyIl0']);
    expect(JSON.parse(past.out)).toMatchObject({
      question: { snapshot: 'WyJrbHAyIl0' },
      asOf: '2026-11-23T10:00:00.000Z',
      why: 'as of 2026-11-23T10:00:00Z, all 3 hosts can be downgraded',
      snapshot: whole.snapshot,
    });
  });

  const refusal = (code: string, message: string): Reply => ({
    body: { errors: [{ message, extensions: { code } }], data: null },
  });
  test.each<[what: string, flags: string[], answer: Reply, said: string]>([
    [
      'an instant that lies ahead',
      ['--as-of', '2026-11-23T10:00:01Z'],
      refusal(
        'BAD_USER_INPUT',
        '`asOf` must not be in the future: it is 2026-11-23T10:00:00.000Z now, found 2026-11-23T10:00:01.000Z',
      ),
      'error: --as-of must not be in the future: it is 2026-11-23T10:00:00.000Z now, ' +
        'found 2026-11-23T10:00:01.000Z (BAD_USER_INPUT)\n',
    ],
    [
      'an instant before history',
      ['--as-of', '31d'],
      refusal(
        'SNAPSHOT_GONE',
        'history is kept for 30 days, since 2026-10-24T10:00:00.000Z; found 2026-10-23T10:00:00.000Z',
      ),
      'error: history is kept for 30 days, since 2026-10-24T10:00:00.000Z; ' +
        'found 2026-10-23T10:00:00.000Z (SNAPSHOT_GONE)\n',
    ],
    [
      'a snapshot by other rules',
      ['--snapshot', 'WyJrbHAyIl0'],
      refusal('SNAPSHOT_GONE', 'the snapshot was taken by other rules: ask again, or by `asOf`'),
      'error: the snapshot was taken by other rules: ask again, or by --as-of (SNAPSHOT_GONE)\n',
    ],
    [
      'an age that is not recorded for the past',
      ['--as-of', '1h', '--max-age', '60s'],
      refusal(
        'BAD_USER_INPUT',
        'ages below 300 s are not stored for earlier times: `maxAge` must be at least that, found 60 s',
      ),
      'error: ages below 300 s are not stored for earlier times: --max-age ' +
        'must be at least that, found 60 s (BAD_USER_INPUT)\n',
    ],
    [
      'a target that was not published then',
      ['--as-of', '1h'],
      refusal('NOT_FOUND', 'no patch of the release "r" is published'),
      'error: no patch of the release "r" is published (NOT_FOUND)\n  this used the catalog of that ' +
        'time; --catalog now uses what is published today\n',
    ],
    [
      'a target that is not published today',
      ['--as-of', '1h', '--catalog', 'now'],
      refusal('NOT_FOUND', 'no patch of the release "r" is published'),
      'error: no patch of the release "r" is published (NOT_FOUND)\n',
    ],
  ])('%s is a usage error, and the message names it', async (_what, flags, answer, said) => {
    const { exit, out, err } = await ask(() => answer, ['can-i-downgrade', '--to', 'release:r', ...flags]);
    expect({ exit, out, err }).toEqual({ exit: 2, out: '', err: said });
  });

  test('is the same for every page of a list of hosts', async () => {
    const { out, requests } = await ask(
      (request, nth) => hostsPage([`web-${nth}`], request.variables['after'] === null ? 'c' : null),
      ['hosts', '--as-of', '2h'],
    );
    expect(requests.map(({ variables: { asOf, after } }) => ({ asOf, after }))).toEqual([
      { asOf: '2026-11-23T08:00:00.000Z', after: null },
      { asOf: '2026-11-23T08:00:00.000Z', after: 'c' },
    ]);
    expect(JSON.parse(out)).toMatchObject({
      asOf: '2026-11-23T08:00:00.000Z',
      hosts: [{ hostname: 'web-1' }, { hostname: 'web-2' }],
    });
    const present = await ask(() => hostsPage(['web-1'], null), ['hosts']);
    expect(JSON.parse(present.out)).toMatchObject({ asOf: null });
    expect(present.requests[0]!.variables['asOf']).toBeUndefined();
  });

  test('is named above a list of hosts, also above an empty one', async () => {
    const words = ['hosts', '--as-of', '2h', '-o', 'table'];
    expect((await ask(() => hostsPage(['web-1'], null), words)).out).toBe(
      [
        'As of 2026-11-23T08:00:00Z:',
        'HOST   KERNEL  RUNS  KNOWN  LABELS (~ by agent)',
        'web-1  -       -     NEVER',
        '',
      ].join('\n'),
    );
    expect((await ask(() => hostsPage([], null), words)).out).toBe(
      'As of 2026-11-23T08:00:00Z:\nno host matches\n',
    );
  });
});

const hostsPage = (names: string[], endCursor: string | null): Reply => ({
  body: {
    data: {
      hosts: {
        nodes: names.map((hostname) => ({ ...madeHost, hostname })),
        totalCount: 2,
        pageInfo: { hasNextPage: endCursor !== null, endCursor },
      },
    },
  },
});

const madeHost = {
  id: 'i',
  instance: 'i',
  hostname: 'web-1',
  labels: [],
  kernelRelease: null,
  arch: null,
  stack: [],
  transition: null,
  freshness: { level: 'NEVER', ageSeconds: null, confirmedAt: null, contactAt: null, superseded: false },
  retiredAt: null,
};

describe('--wait', () => {
  const unsure = asData(fleetAnswer([cohort(1, verdict([reason('REPORT_STALE', 'UNKNOWN')]))]));

  test('asks again until there is a decision', async () => {
    const { exit, err, environment } = await ask(
      (_request, nth) => ({ body: nth < 3 ? unsure : yes }),
      ['can-i-downgrade', '--to', 'original', '--wait', '10m'],
    );
    expect(exit).toBe(0);
    expect(environment.slept).toEqual([2000, 3000]);
    expect(err).toContain('1 of 1 host cannot be judged; asking again in 2 s (600 s left)');
  });

  test('ends when the time is up, with the last answer', async () => {
    const { exit, environment } = await ask(
      () => ({ body: unsure }),
      ['can-i-downgrade', '--to', 'original', '--wait', '1m'],
    );
    expect(exit).toBe(3);
    expect(environment.slept.reduce((sum, each) => sum + each, 0)).toBe(60_000);
  });

  test('does not wait if waiting cannot change the answer', async () => {
    const no = asData(fleetAnswer([cohort(1, verdict([reason('STATE_LEFT_BEHIND', 'UNSAFE')]))]));
    const { exit, environment } = await ask(
      () => ({ body: no }),
      ['can-i-downgrade', '--to', 'original', '--wait', '10m'],
    );
    expect(exit).toBe(1);
    expect(environment.slept).toEqual([]);
  });

  test('outlasts an unreachable registry, but not a wrong token', async () => {
    const back = await ask(
      (_request, nth) => (nth < 3 ? 'hang up' : { body: yes }),
      ['can-i-downgrade', '--to', 'original', '--wait', '10m'],
    );
    expect(back.exit).toBe(0);
    const shut = await ask(
      () => problem(401, 'UNAUTHENTICATED'),
      ['can-i-downgrade', '--to', 'original', '--wait', '10m'],
    );
    expect(shut.exit).toBe(5);
    expect(shut.environment.slept).toEqual([]);
  });
});

const auditPart = (checked: number, next: string | null, problems: unknown[] = []) => ({
  body: { data: { auditCheck: { checked, next, problems } } },
});

test.each<[what: string, answers: Reply[], exit: number, said: RegExp]>([
  ['all parts are unchanged', [auditPart(5000, '5001'), auditPart(7, null)], 0, /5007/],
  [
    'a later part has a problem',
    [auditPart(5000, '5001'), auditPart(7, null, [{ number: '5003', kind: 'CHANGED', message: 'it' }])],
    1,
    /CHANGED/,
  ],
  ['the log is empty', [auditPart(0, null)], 3, /"checked": 0/],
  ['the registry goes on where it was', [auditPart(5, '1')], 4, /goes on at 1/],
  ['the registry goes on without an end', [auditPart(0, '1')], 4, /checks none/],
])('audit verify: %s', async (_, answers, exit, said) => {
  const done = await ask((_request, nth) => answers[Math.min(nth, answers.length) - 1]!, ['audit', 'verify']);
  expect([done.exit, `${done.out}${done.err}`]).toEqual([exit, expect.stringMatching(said)]);
});
