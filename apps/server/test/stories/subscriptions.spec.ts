import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import { WebSocket } from 'ws';
import { Database } from '../../src/database/database.js';
import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { Watches } from '../../src/query/subscriptions/watches.js';
import { giveToken } from '../access/give-token.js';
import { idle, later, listed, logged, Registry, running } from '../registry.js';
import { type Events, subscribe } from '../subscribe.js';

jest.setTimeout(180_000);

/** Two servers of one database. */
let registry: Registry;
let other: Registry;
let address: string;
const open: Events[] = [];

beforeAll(async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on' });
  other = await registry.another({ KLPREG_ACCESS: 'on' });
  address = await other.listen();
  await registry.publish('lab_r_1v1_a', { release: 'lp-10' });
  await registry.report(logged(idle('web-1', { host: { labels: { role: 'web' } } } as never)));
});
afterEach(async () => Promise.all(open.splice(0).map(async (events) => events.close())));
afterAll(async () => {
  await other.close();
  await registry.stop();
});

const VERDICTS = `subscription ($where: HostFilter) { verdictChanged(to: { original: true }, where: $where) {
  kind counts { safe unsafe total } before { total } limitedByScope } }`;
const HOSTS = `subscription ($where: HostFilter) { hostChanged(where: $where) {
  more hosts { hostname stack { name } } } }`;

async function events(query: string, variables: object = {}, headers: Record<string, string> = {}) {
  const found = await subscribe(address, query, variables, {
    authorization: other.authorization,
    ...headers,
  });
  open.push(found);
  return found;
}
async function apply(rules: object[]) {
  const d = JSON.stringify({ schema: 'policy/v1', rules });
  await registry.ask('mutation ($d: String!) { applyPolicy(document: $d, reason: "a test") { replaces } }', {
    d,
  });
}
const reportAll = async (reports: readonly object[]) =>
  expect((await registry.send('POST', '/v1/reports:batch', reports)).status).toBe(200);
/** Makes a host run a patch, and rolls up, as maintenance does within a second. */
async function change(name: string, sequence: number, more: object = {}) {
  await registry.report(logged(running(name, ['lab_r_1v1_a'], { sequence, ...more } as never)));
  await registry.app.get(CohortsStore).rollUp();
}

test('a change that one server stores is an event of another, with the numbers before', async () => {
  const watched = await events(VERDICTS);
  const first = (await watched.next()).data.verdictChanged;
  expect(first).toMatchObject({ counts: { total: 1 }, before: null, limitedByScope: false });
  await change('web-2', 1);
  const second = (await watched.next()).data.verdictChanged;
  expect(second).toMatchObject({ counts: { total: 2 }, before: { total: 1 } });
});

test('what the arguments leave out is as the policy says, as it is for canDowngrade', async () => {
  const counts = 'counts { safe unknown accepted total }';
  const answer = await registry.ask(`{ canDowngrade(to: { release: "lp-10" }) {
    ${counts} reasons { nodes { reason { code kind } } } } }`);
  const codes = answer.canDowngrade.reasons.nodes
    .filter(({ reason }: any) => reason.kind === 'UNKNOWN')
    .map(({ reason }: any) => reason.code);
  expect(answer.canDowngrade.counts).not.toMatchObject({ unknown: 0 });
  await apply([{ name: 'all', allow: codes }]);
  const expected = await registry.ask(`{ canDowngrade(to: { release: "lp-10" }) { ${counts} } }`);
  const watched = await events(`subscription { verdictChanged(to: { release: "lp-10" }) { ${counts} } }`);
  const event = (await watched.next()).data.verdictChanged;
  await apply([]);
  expect(expected.canDowngrade.counts.accepted).toBeGreaterThan(answer.canDowngrade.counts.accepted);
  expect(event).toEqual(expected.canDowngrade);
});

test('a host that changed is reported with its facts, and only to those whose filter it matches', async () => {
  const all = await events(HOSTS);
  const web = await events(HOSTS, { where: { labels: [{ key: 'role', in: ['web'] }] } });
  await other.app.get(Watches).settled();
  await change('db-1', 1);
  await change('web-1', 2, { host: { labels: { role: 'web' } } });
  const names: string[] = [];
  while (!names.includes('web-1'))
    names.push(...(await all.next()).data.hostChanged.hosts.map(({ hostname }: any) => hostname));
  expect(names).toContain('db-1');
  expect((await web.next()).data.hostChanged.hosts).toEqual([
    { hostname: 'web-1', stack: [{ name: 'lab_r_1v1_a' }] },
  ]);
});

test('a transition that does not end is reported once, when it is old enough', async () => {
  const entering = idle('slow-1', {
    livepatches: [listed('lab_r_1v1_a', { transition: true })],
    transition: { patch: 'lab_r_1v1_a', since: registry.now().toISOString(), tasks: [], moreTasks: 1 },
  });
  await registry.report(entering);
  registry.wait(20, 'minutes');
  await registry.report(later(entering));
  await registry.app.get(CohortsStore).rollUp();
  const stalled = await events('subscription { transitionStalled(after: "15m") { hosts { hostname } } }');
  expect((await stalled.next()).data.transitionStalled.hosts).toEqual([{ hostname: 'slow-1' }]);
});

test.each([
  ['hosts without a transition are selected', { where: { transition: 'NONE' } }],
  ['it is reported before a transition counts as stalled', { after: '30s' }],
])('what contradicts itself is refused: %s', async (_what, variables) => {
  const query = `subscription ($where: HostFilter, $after: Duration) {
    transitionStalled(where: $where, after: $after) { more } }`;
  await expect(events(query, variables)).rejects.toThrow('BAD_USER_INPUT');
});

test('of many stalled transitions the oldest are reported, whatever the names', async () => {
  const since = registry.now().toISOString();
  const entering = (name: string, at: string) =>
    idle(name, {
      livepatches: [listed('lab_r_1v1_a', { transition: true })],
      transition: { patch: 'lab_r_1v1_a', since: at, tasks: [], moreTasks: 1 },
    });
  const old = entering('zz-old', since);
  await registry.report(old);
  registry.wait(20, 'minutes');
  await registry.report(later(old));
  const young = registry.now().toISOString();
  const many = Array.from({ length: 105 }, (_, i) => entering(`young-${i}`, young));
  await reportAll(many);
  registry.wait(2, 'minutes');
  await reportAll([...many, old].map((one) => later(one, { sequence: 3 })));
  await registry.app.get(CohortsStore).rollUp();
  const query = (after: string) =>
    `subscription { transitionStalled(after: "${after}") { more hosts { hostname } } }`;
  const first = await events(query('90s'));
  expect((await first.next()).data.transitionStalled).toMatchObject({ more: true });
  const long = (await (await events(query('15m'))).next()).data.transitionStalled;
  expect(long.more).toBe(false);
  expect(long.hosts).toContainEqual({ hostname: 'zz-old' });
  const short = (await (await events(query('1m'))).next()).data.transitionStalled;
  expect(short).toMatchObject({ more: true });
  expect(short.hosts).toHaveLength(100);

  // one more than are listed is an event as the others were
  const next = entering('next', registry.now().toISOString());
  await registry.report(next);
  registry.wait(2, 'minutes');
  await reportAll([...[...many, old].map((one) => later(one, { sequence: 4 })), later(next)]);
  await registry.app.get(CohortsStore).rollUp();
  const { hosts } = (await first.next()).data.transitionStalled;
  expect(hosts).toEqual([{ hostname: 'next' }]);
});

test('many changes of others hide no change of a host that is watched, and do not show', async () => {
  const where = { hostnames: ['watched-1'], states: [{ id: '1' }] };
  const one = await events(HOSTS, { where });
  await other.app.get(Watches).settled();
  // more than are looked at in one change
  await registry.app.get(Database).$executeRaw`
    INSERT INTO host
    SELECT copy.*
      FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 1100)) k
      JOIN host h ON h.hostname = 'web-1'
      CROSS JOIN LATERAL jsonb_populate_record(h, jsonb_build_object(
        'id', k.id,
        'bucket', ('x' || right(k.id::text, 2))::bit(8)::int,
        'opened_by', pg_current_xact_id()::text)) copy`;
  await change('watched-1', 1);
  expect((await one.next()).data.hostChanged).toEqual({
    more: false,
    hosts: [{ hostname: 'watched-1', stack: [{ name: 'lab_r_1v1_a' }] }],
  });
});

test('what changes while the connection to the database is lost is reported after it', async () => {
  const watched = await events(HOSTS, { where: { hostnames: ['lost-1'] } });
  const watches = other.app.get(Watches);
  await watches.settled();
  await registry.report(logged(running('lost-1', ['lab_r_1v1_a'], { sequence: 1 } as never)));
  // as after a new connection
  watches.lookAll(true);
  expect((await watched.next()).data.hostChanged.hosts).toMatchObject([{ hostname: 'lost-1' }]);
});

test('hosts in an event count as a page of a hundred', async () => {
  const ask = Array.from({ length: 26 }, (_, i) => `a${i}: canDowngrade(to: { original: true }) { kind }`);
  const begin = events(`subscription { hostChanged { hosts { ${ask.join(' ')} } } }`);
  await expect(begin).rejects.toThrow('LIMIT_EXCEEDED');
});

test('a bounded number of questions is asked at once', async () => {
  const watches = other.app.get(Watches);
  let [running, most] = [0, 0];
  const readers = Array.from({ length: 20 }, (_, i) =>
    watches.subscribe<number, number>(`bounded-${i}`, {
      ask: async () => {
        running += 1;
        most = Math.max(most, running);
        await sleep(5);
        running -= 1;
        return i;
      },
      eventOf: (_before, now) => now,
    }),
  );
  await Promise.all(readers.map(async (reader) => reader.next()));
  await Promise.all(readers.map(async (reader) => reader.return!()));
  expect(most).toBeLessThanOrEqual(4);
});

test('a thousand readers of one question cost one question for each change', async () => {
  const watches = other.app.get(Watches);
  let asked = 0;
  let state = 0;
  const readers = Array.from({ length: 1_000 }, () =>
    watches.subscribe<number, number>('counted', {
      ask: async () => {
        asked += 1;
        return state;
      },
      eventOf: (before, now) => (before === now ? null : now),
    }),
  );
  expect(await Promise.all(readers.map(async (reader) => (await reader.next()).value))).toEqual(
    Array.from({ length: 1_000 }, () => 0),
  );
  for (state of [1, 2, 3]) {
    const before = asked;
    await watches.settled();
    watches.lookAll();
    await Promise.all(readers.map(async (reader) => reader.next()));
    // one for the change, and those of polls and roll-ups that happen meanwhile
    expect(asked - before).toBeGreaterThan(0);
    expect(asked - before).toBeLessThan(10);
  }
  await Promise.all(readers.map(async (reader) => reader.return!()));
});

test('a token without the right is refused, and one with a scope sees its hosts only', async () => {
  const query = VERDICTS;
  const publisher = await giveToken(registry, 'publisher');
  const refused = await fetch(`${address}/graphql`, {
    method: 'POST',
    body: JSON.stringify({ query }),
    headers: { ...publisher, 'content-type': 'application/json', accept: 'text/event-stream' },
  });
  expect((await refused.json()) as any).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  const reader = await giveToken(registry, 'reader', { scope: { env: ['prod'] } });
  const scoped = await events(VERDICTS, {}, reader);
  expect((await scoped.next()).data.verdictChanged).toMatchObject({
    counts: { total: 0 },
    limitedByScope: true,
  });
});

test('a subscription ends with its token', async () => {
  const created = await registry.ask(
    'mutation { createToken(input: { name: "short", role: READER }) { text token { id } } }',
  );
  const { text, token } = created.createToken;
  const watched = await events(VERDICTS, {}, { authorization: `Bearer ${text}` });
  await watched.next();
  await registry.ask(`mutation { revokeToken(id: "${token.id}", reason: "it leaked") { id } }`);
  // as long as a server may keep what it knows of a token
  registry.wait(5, 'seconds');
  const last = await watched.next();
  expect(last).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  expect(await watched.next()).toBeNull();
});

test('a lost connection to the database is made again, and sends the present state', async () => {
  const watched = await events(VERDICTS);
  await watched.next();
  const client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  // the connection is made while the first state is asked for
  for (let ended = 0; ended === 0; await sleep(20))
    ended = (
      await client.query(
        `SELECT pg_terminate_backend(pid)
           FROM pg_stat_activity
          WHERE application_name = 'klpreg listens' AND datname = current_database() AND query LIKE 'LISTEN%'`,
      )
    ).rowCount!;
  await client.end();
  expect((await watched.next()).data.verdictChanged).toMatchObject({ before: null });
});

test('it needs POST with Accept: text/event-stream, or a WebSocket', async () => {
  expect(await registry.graphqlError(VERDICTS)).toMatchObject({
    message: expect.stringContaining('text/event-stream'),
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

describe('over WebSocket,', () => {
  const connect = (authorization: string | undefined = other.authorization) =>
    createClient({
      url: `${address.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    });

  test('the same is sent, and the token is in connection_init', async () => {
    const client = connect();
    const results = client.iterate<any>({ query: VERDICTS });
    expect((await results.next()).value.data.verdictChanged).toMatchObject({ before: null });
    await change('web-3', 1);
    expect((await results.next()).value.data.verdictChanged.before).not.toBeNull();
    await results.return!();
    await client.dispose();
  });

  test.each([
    ['with a question', '{ hosts { totalCount } }', 'BAD_USER_INPUT'],
    ['with an unknown field', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('%s it is refused', async (_what, query, code) => {
    const client = connect();
    const refused = await client
      .iterate({ query })
      .next()
      .catch((errors: unknown) => errors);
    expect(refused).toMatchObject([{ extensions: { code } }]);
    await client.dispose();
  });

  test('without a valid token it is closed at once', async () => {
    for (const authorization of [undefined, 'Bearer none']) {
      const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
      );
      const [code, reason] = await new Promise<[number, string]>((resolve) => {
        socket.on('close', (closed: number, text: Buffer) => resolve([closed, String(text)]));
      });
      expect([code, reason]).toEqual([4401, 'UNAUTHENTICATED']);
    }
  });

  test('an address has at most a hundred connections', async () => {
    const open = Array.from(
      { length: 100 },
      () => new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws'),
    );
    await Promise.all(open.map(async (socket) => once(socket, 'open')));
    const one = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    one.on('error', () => undefined);
    const [, { statusCode }] = (await once(one, 'unexpected-response')) as any;
    for (const socket of open) socket.terminate();
    expect(statusCode).toBe(503);
  });

  test('another page than one of the server cannot connect', async () => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      origin: 'https://evil.example',
    });
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
      socket.on('error', () => undefined);
    });
    expect(status).toBe(403);
  });
});

test('open subscriptions and what they sent are in the metrics', async () => {
  const fields = async () =>
    (await other.send<string>('GET', '/metrics')).body
      .split('\n')
      .filter((line) => /^klpreg_subscription.*verdictChanged/.test(line));
  const before = await fields();
  const watched = await events(VERDICTS);
  await watched.next();
  const after = await fields();
  expect(after).toContainEqual(expect.stringMatching(/^klpreg_subscriptions_open\{.*\} [1-9]/));
  expect(after).not.toEqual(before);
});

test('of a document with several operations, the chosen one is counted', async () => {
  const document = `
    subscription Hosts { hostChanged { more } }
    subscription Verdicts { ...Verdict }
    fragment Verdict on Subscription { verdictChanged(to: { original: true }) { kind } }`;
  const sent = async (): Promise<number[]> => {
    const { body } = await other.send<string>('GET', '/metrics');
    return ['hostChanged', 'verdictChanged'].map((field) =>
      Number(
        new RegExp(`^klpreg_subscription_events_total.field="${field}".* (\\d+)`, 'm').exec(body)?.[1] ?? 0,
      ),
    );
  };
  const [hosts, verdicts] = await sent();
  const headers = { authorization: other.authorization };
  const watched = await subscribe(address, document, {}, headers, 'Verdicts');
  open.push(watched);
  await watched.next();
  expect(await sent()).toEqual([hosts, verdicts! + 1]);
});

test('a reader cannot add labels to the metrics: an alias counts as its field', async () => {
  for (const alias of ['one', 'two', 'three']) {
    const watched = await events(
      `subscription { ${alias}: verdictChanged(to: { original: true }) { kind } }`,
    );
    expect((await watched.next()).data).toHaveProperty(alias);
  }
  await expect(events('subscription { madeUp { kind } }')).rejects.toThrow('madeUp');
  const { body } = await other.send<string>('GET', '/metrics');
  const labels = [...body.matchAll(/^klpreg_subscription\w*\{field="([^"]*)"/gm)].map(([, field]) => field);
  expect(labels).toContain('verdictChanged');
  const { fields } = (await registry.ask('{ __type(name: "Subscription") { fields { name } } }')).__type;
  expect(fields.map(({ name }: any) => name)).toEqual(expect.arrayContaining([...new Set(labels)]));
});

describe('a server with other limits', () => {
  let strict: Registry;
  let url: string;
  beforeAll(async () => {
    strict = await registry.another({
      KLPREG_ACCESS: 'on',
      KLPREG_RATE_TOKEN: '4',
      KLPREG_SUBSCRIPTIONS_KEEP_ALIVE: '1',
      KLPREG_SUBSCRIPTIONS_OF_SENDER: '1',
    });
    url = await strict.listen();
  });
  afterAll(() => strict.close());

  test('sends something while nothing happens, so that proxies keep the connection', async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      body: JSON.stringify({ query: HOSTS }),
      headers: {
        ...(await giveToken(registry, 'reader')),
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.split(':\n\n').length < 4) text += (await reader.read()).value;
    expect(text).toMatch(/^(?::\n\n){3,}$/);
    await reader.cancel();
  });

  test('closes a WebSocket that does not answer a ping', async () => {
    const { authorization } = await giveToken(registry, 'reader');
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      autoPong: false,
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1006);
  });

  test('counts each subscription in the rate of its sender, and has a limit of those that are open', async () => {
    const headers = await giveToken(registry, 'gate');
    const begin = async () => subscribe(url, VERDICTS, {}, headers);
    open.push(await begin());
    for (let i = 0; i < 3; i++) await expect(begin()).rejects.toThrow('open subscriptions of a sender');
    await expect(begin()).rejects.toThrow('HTTP 429');
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: headers,
      retryAttempts: 0,
    });
    const refused = await client
      .iterate({ query: VERDICTS })
      .next()
      .catch((event: unknown) => event);
    expect(refused).toMatchObject({ code: 4429, reason: 'RATE_LIMITED' });
    await client.dispose();
  });
});

test('a server that stops ends its subscriptions', async () => {
  const third = await registry.another({ KLPREG_ACCESS: 'on' });
  const url = await third.listen();
  const watched = await subscribe(url, VERDICTS, {}, { authorization: third.authorization });
  await watched.next();
  const closing = third.close();
  expect(await watched.next()).toBeNull();
  await closing;
});
