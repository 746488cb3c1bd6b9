import { createConfig, lintFromString } from '@redocly/openapi-core';
import { ROUTES } from '../../src/access/access-table.js';
import { idle, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_r_1v1_2v1_a', 'lab_n_1v1_a'])
    await registry.publish(name);
  for (let i = 0; i < 25; i++) {
    await registry.report(
      logged(
        running(`web-${String(i).padStart(2, '0')}`, [i % 2 === 0 ? 'lab_r_1v1_a' : 'lab_r_1v2_a'], {
          host: { labels: { role: 'web', env: i < 5 ? 'test' : 'prod' } } as never,
        }),
      ),
    );
  }
  await registry.report(logged(running('twin', ['lab_r_1v1_a'])));
  await registry.report(
    logged(
      running('twin', ['lab_r_1v1_a'], {
        host: { instance: '0190a000-0000-7000-8000-0000000000aa' } as never,
      }),
    ),
  );
  await registry.ask(
    'mutation { addHost(input: { id: "0190a000-0000-7000-8000-0000000000bb", hostname: "db-1", labels: ' +
      '[{ key: "role", value: "db" }] }) { id } }',
  );
});
afterAll(() => registry.stop());

const names = (connection: any) => connection.nodes.map((node: any) => node.hostname);

test('hosts come in the order of their names, page by page, forwards and backwards', async () => {
  const page =
    'query ($first: Int, $after: String, $last: Int, $before: String) { hosts(first: $first, after: ' +
    '$after, last: $last, before: $before) { totalCount nodes { hostname } edges { cursor } pageInfo { ' +
    'hasNextPage hasPreviousPage startCursor endCursor } } }';
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { hosts }: any = await registry.ask(page, { first: 7, after });
    expect(hosts.totalCount).toBe(28);
    seen.push(...names(hosts));
    after = hosts.pageInfo.hasNextPage ? hosts.pageInfo.endCursor : null;
  } while (after !== null);
  expect(seen).toHaveLength(28);
  expect(seen).toEqual(seen.toSorted());

  const { hosts: last } = await registry.ask(page, { last: 3 });
  expect(names(last)).toEqual(seen.slice(-3));
  expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const { hosts: before } = await registry.ask(page, { last: 3, before: last.pageInfo.startCursor });
  expect(names(before)).toEqual(seen.slice(-6, -3));
  expect(before.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
});

test.each<[string, object, number]>([
  ['a host’s own word, where no admin has spoken', { labels: [{ key: 'env', in: ['prod'] }] }, 20],
  ['a host’s own word, by its full name', { labels: [{ key: 'agent.env', in: ['test'] }] }, 5],
  [
    'no host’s own word, where authority is asked for',
    { labels: [{ key: 'env', in: ['prod'] }], authoritativeLabels: true },
    0,
  ],
  [
    'no host’s own word by its full name either',
    { labels: [{ key: 'agent.env', in: ['prod'] }], authoritativeLabels: true },
    0,
  ],
  ['an admin’s word', { labels: [{ key: 'role', in: ['db'] }], authoritativeLabels: true }, 1],
  [
    'two demands at once',
    {
      labels: [
        { key: 'role', in: ['web', 'db'] },
        { key: 'env', notIn: ['prod'] },
      ],
    },
    6,
  ],
  ['the lack of a label', { labels: [{ key: 'role', exists: false }] }, 2],
  ['the presence of a label', { labels: [{ key: 'role', exists: true }] }, 26],
  ['names', { hostnames: ['web-03', 'web-04', 'unmatched'] }, 2],
  ['ids', { ids: ['0190a000-0000-7000-8000-0000000000bb'] }, 1],
  ['a kernel', { kernelReleases: ['7.3.4+deb13-cloud-amd64'] }, 27],
  ['an architecture', { archs: ['s390x'] }, 0],
  ['nothing', {}, 28],
  ['an empty list', { hostnames: [] }, 0],
])('a filter by %s', async (_, filter, count) => {
  const { hosts, canDowngrade } = await registry.ask(
    'query ($f: HostFilter) { hosts(where: $f) { totalCount } ' +
      'canDowngrade(to: { original: true }, where: $f) { matched } }',
    { f: filter },
  );
  expect([hosts.totalCount, canDowngrade.matched]).toEqual([count, count]);
});

test('a filter by a patch that runs', async () => {
  const { patch } = await registry.ask('{ patch(name: "lab_r_1v2_a") { buildId } }');
  expect(
    (
      await registry.ask('query ($b: String) { hosts(where: { running: $b }) { totalCount } }', {
        b: patch.buildId,
      })
    ).hosts.totalCount,
  ).toBe(12);
});

test('a token that is given and unknown is refused, even where none is needed', async () => {
  const query = { query: '{ hosts { totalCount } }' };
  const unknown = await registry.send('POST', '/graphql', query, { authorization: 'Bearer mistyped' });
  expect(unknown.status).toBe(401);
  const none = await registry.app.inject({ method: 'POST', url: '/graphql', payload: query });
  expect([none.statusCode, none.json().data.hosts.totalCount]).toEqual([200, 28]);
});

test('a hostname of several hosts is an error that lists them', async () => {
  const error = await registry.graphqlError('{ host(hostname: "twin") { id } }');
  expect(error.extensions.code).toBe('AMBIGUOUS');
  expect(error.message).toContain('0190a000-0000-7000-8000-0000000000aa');
});

test('a host, a patch and a state are found by their opaque ids', async () => {
  const found = await registry.ask(
    '{ host(hostname: "web-00") { id instance } patch(name: "lab_r_1v1_a") { ' +
      'id } states(first: 1) { nodes { id stateId } } }',
  );
  const node = async (id: string) =>
    (
      await registry.ask(
        'query ($id: ID!) { node(id: $id) { id __typename ... on Host { hostname } ... on Patch { name ' +
          '} ... on State { stateId } } }',
        { id },
      )
    ).node;
  expect(await node(found.host.id)).toEqual({ id: found.host.id, __typename: 'Host', hostname: 'web-00' });
  expect(await node(found.patch.id)).toMatchObject({ __typename: 'Patch', name: 'lab_r_1v1_a' });
  expect(await node(found.states.nodes[0].id)).toMatchObject({ __typename: 'State', stateId: '1' });
  expect(await node('nonsense')).toBeNull();
  expect(
    (await registry.ask('query ($id: ID) { host(id: $id) { hostname } }', { id: found.host.instance })).host
      .hostname,
  ).toBe('web-00');
});

test('one host’s answer is that of its cohort', async () => {
  const { host, canDowngrade } = await registry.ask(
    '{ host(hostname: "web-01") { canDowngrade(to: { name: "lab_r_1v1_a" }) { kind errno reasons { code ' +
      'stateId } } } canDowngrade(to: { name: "lab_r_1v1_a" }, where: { hostnames: ["web-01"] }) { kind ' +
      'cohorts { nodes { verdict { errno reasons { code stateId } } } } } }',
  );
  expect(host.canDowngrade).toEqual({ kind: canDowngrade.kind, ...canDowngrade.cohorts.nodes[0].verdict });
  expect(host.canDowngrade.kind).toBe('REFUSED');
});

test('counts add up, hosts can be listed by kind and by reason, and page', async () => {
  const query =
    'query ($kind: VerdictKind, $code: ReasonCode, $after: String) { canDowngrade(to: { name: "lab_r_1v1_a" ' +
    '}) { counts { safe unknown unsafe refused total } hosts(kind: $kind, code: $code, first: 10, ' +
    'after: $after) { totalCount nodes { host { hostname } verdict { ' +
    'kind } } pageInfo { hasNextPage endCursor } } } }';
  const { canDowngrade } = await registry.ask(query, { kind: 'REFUSED' });
  const { counts, hosts } = canDowngrade;
  expect(counts.safe + counts.unknown + counts.unsafe + counts.refused).toBe(counts.total);
  expect(counts).toMatchObject({ refused: 12, unknown: 1, safe: 15 });
  expect(hosts.totalCount).toBe(12);
  expect(new Set(hosts.nodes.map((node: any) => node.verdict.kind))).toEqual(new Set(['REFUSED']));
  const { canDowngrade: rest } = await registry.ask(query, {
    kind: 'REFUSED',
    after: hosts.pageInfo.endCursor,
  });
  expect(rest.hosts.nodes).toHaveLength(2);
  expect((await registry.ask(query, { code: 'NEVER_REPORTED' })).canDowngrade.hosts.nodes).toEqual([
    { host: { hostname: 'db-1' }, verdict: { kind: 'UNKNOWN' } },
  ]);
});

test('the best route is the cheapest that is acceptable, else the least bad', async () => {
  const ask = async (args: string) =>
    (
      await registry.ask(
        `{ canDowngrade(to: { name: "lab_r_1v1_a" }, where: { hostnames: ["web-01"] }, ${args}) { kind ` +
          'cohorts { nodes { verdict { route steps { action patch } } } } } }',
      )
    ).canDowngrade;
  const best = await ask('bestRoute: true');
  expect(best.cohorts.nodes[0].verdict.route).toBe('DISABLE_THEN_LOAD');
  expect(best.kind).toBe('UNSAFE');
  expect((await ask('route: REPLACE')).kind).toBe('REFUSED');
  expect(await ask('route: DISABLE')).toMatchObject({
    kind: 'UNKNOWN',
    cohorts: { nodes: [{ verdict: { route: null, steps: [] } }] },
  });
});

test.each<[string, string, string]>([
  ['two targets', '{ canDowngrade(to: { original: true, name: "x" }) { kind } }', 'exactly one'],
  ['no target', '{ canDowngrade(to: {}) { kind } }', 'exactly one'],
  ['a name that is not published', '{ canDowngrade(to: { name: "nope" }) { kind } }', 'is published'],
  ['a page that is too large', '{ hosts(first: 101) { totalCount } }', '1 to 100'],
  ['a page in two directions', '{ hosts(first: 1, last: 1) { totalCount } }', 'first'],
  ['a cursor of something else', '{ hosts(after: "bm9wZQ") { totalCount } }', 'cursor'],
  [
    'a reason that cannot be allowed',
    '{ canDowngrade(to: { original: true }, allow: [STATE_LEFT_BEHIND]) { kind } }',
    'found STATE_LEFT_BEHIND',
  ],
  [
    'a reason that leaves nothing to judge',
    '{ canDowngrade(to: { original: true }, allow: [NEVER_REPORTED]) { kind } }',
    '`allow` takes RESTORE_NOT_PROMISED',
  ],
  [
    'a single witness',
    '{ canDowngrade(to: { original: true }, witnesses: 1) { kind } }',
    '`witnesses` must be 2 to 5, found 1',
  ],
  [
    'a length of time without a unit',
    '{ canDowngrade(to: { original: true }, maxAge: "15") { kind } }',
    'argument \\"maxAge\\" of \\"canDowngrade\\": Duration must be a number with a unit',
  ],
  [
    'an instant without an offset',
    '{ hosts(asOf: "2026-11-23T10:00:00") { totalCount } }',
    'argument \\"asOf\\" of \\"hosts\\": DateTime must be an RFC 3339 instant',
  ],
  [
    'a state id that is too large',
    '{ patches(where: { stateId: "18446744073709551616" }) { totalCount } }',
    'argument \\"where.stateId\\" of \\"patches\\": UInt64 must be a decimal string from \\"0\\" to ' +
      '\\"18446744073709551615\\", found \\"18446744073709551616\\"',
  ],
  [
    'a number in a list of names',
    '{ hosts(where: { labels: [{ key: "a", in: ["b", 7] }] }) { totalCount } }',
    'argument \\"where.labels[0].in[1]\\" of \\"hosts\\": String cannot represent a non string value: 7',
  ],
  [
    'a label with two demands',
    '{ hosts(where: { labels: [{ key: "a", in: ["b"], exists: true }] }) { totalCount } }',
    'exactly one',
  ],
  ['a field that does not exist', '{ hots { totalCount } }', 'hots'],
  [
    'a field that does not exist within others, which is in no argument',
    '{ hosts(first: 1) { nodes { name } } }',
    '[{"message":"Cannot query field \\"name\\" on type \\"Host\\".',
  ],
])('%s is a error, in words', async (_, query, word) => {
  const answer = await registry.send<any>('POST', '/graphql', { query });
  expect(JSON.stringify(answer.body.errors)).toContain(word);
  expect(answer.body.errors[0].extensions.code).not.toBe('INTERNAL');
});

test('an error about a variable names its place, and what is allowed, in every request', async () => {
  const query = 'query ($where: PatchFilter) { patches(where: $where) { totalCount } }';
  // mercurius compiles the document at its second request
  for (let nth = 0; nth < 4; nth++)
    expect(await registry.graphqlError(query, { where: { stateId: -1 } })).toEqual({
      message:
        'Variable "$where" got invalid value -1 at "where.stateId"; UInt64 must be a decimal string from "0" to ' +
        '"18446744073709551615", found -1',
      locations: [{ line: 1, column: 8 }],
      extensions: { code: 'BAD_USER_INPUT' },
    });
});

test('a retired host is in no answer', async () => {
  await registry.report(idle('old-1'));
  const count = async () =>
    (
      await registry.ask(
        '{ canDowngrade(to: { original: true }, where: { hostnames: ["old-1"] }) { matched } }',
      )
    ).canDowngrade.matched;
  expect(await count()).toBe(1);
  const { host } = await registry.ask('{ host(hostname: "old-1") { id } }');
  const { retireHost } = await registry.ask(
    'mutation ($id: ID!) { retireHost(id: $id, reason: "scrapped") { retiredBy retiredAt } }',
    { id: host.id },
  );
  expect(retireHost.retiredBy).toBe('tester');
  expect(await count()).toBe(0);
});

test('labels of an admin and words of the host are kept apart', async () => {
  const { host } = await registry.ask('{ host(hostname: "web-20") { id } }');
  const label =
    'mutation ($id: ID!, $labels: [LabelInput!]!) { labelHost(id: ' +
    '$id, labels: $labels) { labels { key value } } }';
  expect(
    (await registry.ask(label, { id: host.id, labels: [{ key: 'env', value: 'canary' }] })).labelHost.labels,
  ).toEqual([
    { key: 'agent.env', value: 'prod' },
    { key: 'agent.role', value: 'web' },
    { key: 'env', value: 'canary' },
  ]);
  await registry.report({
    ...running('web-20', ['lab_r_1v1_a'], { host: { labels: { role: 'web', env: 'prod' } } as never }),
    sequence: 2,
  });
  const { hosts } = await registry.ask(
    '{ hosts(where: { labels: [{ key: "env", in: ["canary"] }] }) { nodes { hostname } } }',
  );
  expect(names(hosts)).toEqual(['web-20']);
  expect(
    (await registry.graphqlError(label, { id: host.id, labels: [{ key: 'agent.env', value: 'x' }] }))
      .extensions.code,
  ).toBe('BAD_USER_INPUT');
});

test('labels that an admin gives just when a host reports other words of its own leave these words alone', async () => {
  await registry.report({
    ...running('web-40', [], { host: { labels: { round: '0' } } as never }),
    sequence: 1,
  });
  const { host } = await registry.ask('{ host(hostname: "web-40") { id } }');
  const label = 'mutation ($id: ID!, $labels: [LabelInput!]!) { labelHost(id: $id, labels: $labels) { id } }';
  for (let i = 1; i <= 20; i++) {
    await Promise.all([
      registry.ask(label, { id: host.id, labels: [{ key: 'env', value: `e${i}` }] }),
      registry.report({
        ...running('web-40', [], { host: { labels: { round: String(i) } } as never }),
        sequence: i + 1,
      }),
    ]);
    const { labels } = (await registry.ask('{ host(hostname: "web-40") { labels { key value } } }')).host;
    expect(labels).toEqual([
      { key: 'agent.round', value: String(i) },
      { key: 'env', value: `e${i}` },
    ]);
  }
});

test('states: which ids, which versions, whose, and on how many hosts', async () => {
  const { states } = await registry.ask(
    '{ states { nodes { stateId versions { version patches owners hosts } } } }',
  );
  expect(states.nodes).toEqual([
    {
      stateId: '1',
      versions: [
        { version: 1, patches: 3, owners: ['lab'], hosts: 15 },
        { version: 2, patches: 1, owners: ['lab'], hosts: 12 },
      ],
    },
    { stateId: '2', versions: [{ version: 1, patches: 1, owners: ['lab'], hosts: 0 }] },
  ]);
});

test('changing things needs a token, asking does not', async () => {
  const add = await registry.send<any>(
    'POST',
    '/graphql',
    { query: 'mutation { addHost(input: { hostname: "x" }) { id } }' },
    { authorization: '' },
  );
  expect(add.body.errors[0].extensions.code).toBe('UNAUTHENTICATED');
  expect(
    (
      await registry.send<any>(
        'POST',
        '/graphql',
        { query: '{ hosts { totalCount } }' },
        { authorization: '' },
      )
    ).body.data.hosts.totalCount,
  ).toBeGreaterThan(0);
});

test('of several operations the named one is answered, every time', async () => {
  const query = 'query A { hosts { totalCount } } query B { patches { totalCount } }';
  for (let i = 0; i < 3; i++) {
    expect(
      Object.keys((await registry.send<any>('POST', '/graphql', { query, operationName: 'A' })).body.data),
    ).toEqual(['hosts']);
    expect(
      Object.keys((await registry.send<any>('POST', '/graphql', { query, operationName: 'B' })).body.data),
    ).toEqual(['patches']);
  }
});

test('the OpenAPI document passes the rules that Redocly recommends, and has every route', async () => {
  const { body } = await registry.send<{ paths: Record<string, object> }>('GET', '/docs/json');
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: JSON.stringify(body), config });
  expect(
    problems.map(({ ruleId, message, location }) => [
      ruleId,
      message,
      location.map(({ pointer }) => pointer),
    ]),
  ).toEqual([]);
  // pages and their files are for browsers
  const pages = Object.keys(ROUTES).filter(
    (route) => !/^GET \/(?:v1\/|graphql|livez|readyz|metrics|$)/.test(route),
  );
  const routes = Object.keys(ROUTES)
    .filter(
      (route) =>
        !/ \/docs|^GET \/graphql$/.test(route) && !(route.startsWith('GET') && pages.includes(route)),
    )
    .map((route) => route.replace('::', ':').replace(':buildId', '{buildId}'));
  const documented = Object.entries(body.paths).flatMap(([url, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${url}`),
  );
  expect(documented.toSorted()).toEqual(routes.toSorted());
});

test('OpenAPI, health and an address that does not exist', async () => {
  expect((await registry.send<any>('GET', '/docs/json')).body).toMatchObject({
    openapi: '3.1.0',
    paths: { '/v1/reports': {}, '/v1/heartbeats': {}, '/v1/patches/{buildId}': {} },
  });
  expect((await registry.send('GET', '/docs')).status).toBe(200);
  expect((await registry.send('GET', '/livez')).body).toEqual({ status: 'ok' });
  expect((await registry.send('GET', '/readyz')).body).toEqual({ status: 'ok' });
  expect(await registry.send('GET', '/nope')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
});

describe('the maximum age of facts', () => {
  const HOST = 'host(hostname: "web-00") { canDowngrade(to: { original: true }) { reasons { code text } } }';
  const COHORTS =
    'canDowngrade(to: { original: true }, where: { hostnames: ["web-00"] }) { ' +
    'hosts { nodes { verdict { reasons { code text } } } } cohorts { nodes { verdict { reasons { code text } } } } }';
  const stale = ({ reasons }: { reasons: { code: string; text: string }[] }) =>
    reasons.flatMap(({ code, text }) => (code === 'REPORT_STALE' ? text : []));

  test('is at most five intervals, and the error says why', async () => {
    const error = await registry.graphqlError(
      '{ canDowngrade(to: { original: true }, maxAge: "301s") { kind } }',
    );
    expect(error).toMatchObject({
      message:
        '`maxAge` must be at most 300 s, found 301 s: facts that are older than five intervals of the agents ' +
        'are stale, whatever it allows',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    const { canDowngrade } = await registry.ask(
      '{ canDowngrade(to: { original: true }, maxAge: "300s") { matched } }',
    );
    expect(canDowngrade.matched).toBeGreaterThan(0);
  });

  test('a reason tells the age of one host, and a bound for a cohort', async () => {
    registry.wait(7, 'minutes');
    const { host, canDowngrade } = await registry.ask(`{ ${HOST} ${COHORTS} }`);
    const TEXT = 'what is known of this host is too old: last confirmed';
    expect(stale(host.canDowngrade)).toEqual([`${TEXT} 7 min ago`]);
    expect(stale(canDowngrade.hosts.nodes[0].verdict)).toEqual([`${TEXT} 7 min ago`]);
    expect(stale(canDowngrade.cohorts.nodes[0].verdict)).toEqual([`${TEXT} more than 5 min ago`]);
  });
});
