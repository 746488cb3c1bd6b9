import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Endpoint, post, publish } from './crash/endpoint.js';
import { PostgresProcess, ServerProcess } from './crash/processes.js';
import { later, running } from './registry.js';

// programs are started, on a machine that may be busy
jest.setTimeout(180_000);

const HOST = running('web-1', ['lab_r_1v1_a']);

let dir: string;
let postgres: PostgresProcess;
let server: ServerProcess;
let endpoint: Endpoint;
let stateId: string;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-unavailable-'));
  postgres = await PostgresProcess.start(path.join(dir, 'postgres'), { fsync: 'off' });
  server = await ServerProcess.start(dir, { DATABASE_URL: postgres.url });
  endpoint = { url: server.url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() };
  await publish(endpoint, 'lab_r_1v1_a');
  expect(await post(endpoint, '/v1/reports', HOST)).toMatchObject({ status: 200 });
  stateId = (await ask('{ states(first: 1) { nodes { id } } }')).data.states.nodes[0].id;
}, 180_000);
afterAll(async () => {
  await server?.kill();
  await postgres?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const ask = async (query: string, variables: object = {}) =>
  (await post(endpoint, '/graphql', { query, variables }))!.body;
/** Every root field that reads the database, and a mutation. */
const QUESTIONS: [what: string, query: () => string][] = [
  [
    'the gate',
    () =>
      '{ canDowngrade(to: { name: "lab_r_1v1_a" }) { kind ' +
      'hosts(first: 1) { nodes { host { hostname } } } } }',
  ],
  ['the hosts', () => '{ hosts(first: 1) { nodes { hostname } } }'],
  ['one host', () => '{ host(hostname: "web-1") { id canDowngrade(to: { original: true }) { kind } } }'],
  ['the patches', () => '{ patches(first: 1) { nodes { name } } }'],
  ['one patch', () => '{ patch(name: "lab_r_1v1_a") { name } }'],
  ['the states', () => '{ states(first: 1) { nodes { stateId } } }'],
  ['a node', () => `{ node(id: "${stateId}") { id } }`],
  [
    'a change',
    () =>
      `mutation { labelHost(id: "${HOST.host.instance}", labels: [{ ` +
      'key: "role", value: "web" }]) { hostname } }',
  ],
];
const UNAVAILABLE = {
  message: 'the database does not answer; try again in a few seconds',
  extensions: { code: 'UNAVAILABLE' },
};
const CHANGED = later(HOST, { taint: 1 });

/** Returns what each question gets: an answer, or errors. */
async function askAll(): Promise<Record<string, 'an answer' | object>> {
  const gets: Record<string, 'an answer' | object> = {};
  for (const [what, query] of QUESTIONS) {
    const { data, errors } = await ask(query());
    gets[what] =
      errors?.map(({ message, extensions }: typeof UNAVAILABLE) => ({ message, extensions })) ??
      (Object.values(data as object)[0] === null ? 'nothing' : 'an answer');
  }
  return gets;
}
const all = (it: unknown) => Object.fromEntries(QUESTIONS.map(([what]) => [what, it]));

test.each<[how: string, leave: () => Promise<void>]>([
  ['killed', () => postgres.kill()],
  ['stopped, as for an upgrade', () => postgres.stop()],
])(
  'while the database is %s, every question gets UNAVAILABLE; after its restart every question is answered',
  async (_, leave) => {
    expect(await askAll()).toEqual(all('an answer'));
    await leave();
    expect(await askAll()).toEqual(all([UNAVAILABLE]));

    // these need no database
    expect((await ask('{ __typename }')).data).toEqual({ __typename: 'Query' });
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^klpreg_question_errors_total\{code="UNAVAILABLE"\} [1-9]/m);
    expect(metrics).not.toMatch(/^klpreg_cohorts /m);
    // a client sends the whole batch again
    for (const [at, body] of [
      ['/v1/reports', CHANGED],
      ['/v1/reports:batch', [CHANGED]],
    ] as const) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${endpoint.token}` };
      const response = await fetch(`${server.url}${at}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      expect({
        status: response.status,
        again: response.headers.get('retry-after'),
        ...((await response.json()) as object),
      }).toMatchObject({
        status: 503,
        again: '5',
        code: 'UNAVAILABLE',
      });
    }

    await postgres.restart();
    for (
      const deadline = Date.now() + 60_000;
      (await fetch(`${server.url}/readyz`)).status !== 200 && Date.now() < deadline;
    )
      await sleep(50);
    expect(await askAll()).toEqual(all('an answer'));
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^klpreg_cohorts \d+$/m);
    expect((await post(endpoint, '/v1/reports', HOST))!.body).toMatchObject({ outcome: 'REPEATED' });
    expect(server.ended).toBe(false);
  },
);
