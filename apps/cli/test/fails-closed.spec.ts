import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Certificates } from '@klpreg/connection/testing';
import { JUDGE_HOST, RECORD_DECISION } from '../src/registry/generated/operations.js';
import { deployAnswer } from './deploy-answer.js';
import { klpreg } from './environment.js';
import { asData, cohort, fleetAnswer, reason, verdict } from './fleet-answer.js';
import { madeUpAnswer } from './made-up.js';

/** The commands whose exit code is an answer, with their code for yes. */
const GATES: readonly (readonly string[])[] = [
  ['can-i-downgrade', '--to', 'original'],
  ['can-i-deploy', 'release:web'],
  ['explain', 'web-1', '--to', 'original'],
  ['nagios', '--to', 'original'],
];
/** Nagios reads 3 as UNKNOWN. The other commands have 4 for "no answer", and 5 for "not authorised". */
const noAnswer = ([command]: readonly string[]): number => (command === 'nagios' ? 3 : 4);
const notAuthorised = ([command]: readonly string[]): number => (command === 'nagios' ? 3 : 5);

type Judged = ReturnType<typeof verdict>;
const host = (judged: Judged) => {
  const made = madeUpAnswer(JUDGE_HOST.text) as { host: object };
  return { data: { host: { ...made.host, canDowngrade: judged } } };
};
const FOUND = { data: { host: { id: 'id', hostname: 'web-1', labels: [] } } };
const SAFE: Readonly<Record<string, unknown>> = {
  CanDowngrade: asData(fleetAnswer([cohort(3, verdict([]))])),
  CanDeploy: { data: { canDeploy: deployAnswer({ safe: 3 }) } },
  FindHost: FOUND,
  JudgeHost: host(verdict([])),
};

const open: Server[] = [];
afterAll(() => {
  for (const each of open) {
    each.closeAllConnections();
    each.close();
  }
});
async function listen(server: Server): Promise<string> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Answer = (response: ServerResponse, operation: string) => void;
const handler = (answer: Answer) => (request: IncomingMessage, response: ServerResponse) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => answer(response, (JSON.parse(body) as { operationName: string }).operationName));
};
const serve = async (answer: Answer) => `http://${await listen(createServer(handler(answer)))}`;
const textOf = (operation: string) => JSON.stringify(SAFE[operation]);

test.each(GATES)('%s … says yes to an answer that does', async (...words) => {
  const url = await serve((response, operation) => response.end(textOf(operation)));
  expect((await klpreg([...words, '--url', url])).exit).toBe(0);
});

const FAULTS: readonly [what: string, answer: Answer][] = [
  ['the connection is cut before the answer', (response) => response.destroy()],
  [
    'the connection is cut in the middle of the answer',
    (response, operation) => {
      const text = textOf(operation);
      response.writeHead(200, { 'content-length': text.length });
      response.write(text.slice(0, -1), () => response.destroy());
    },
  ],
  [
    'the connection is cut in a chunked answer',
    (response, operation) => void response.write(textOf(operation), () => response.destroy()),
  ],
  [
    'the answer is shorter than it says, and complete JSON',
    (response, operation) => {
      response.writeHead(200, { 'content-length': textOf(operation).length + 1 });
      response.write(textOf(operation), () => response.destroy());
    },
  ],
  ['half of the JSON', (response, operation) => response.end(textOf(operation).slice(0, -2))],
  ['JSON twice', (response, operation) => response.end(textOf(operation).repeat(2))],
  ['an empty answer', (response) => response.end()],
  ['200 with HTML', (response) => response.end('<html><body>Sign in to the network</body></html>')],
  ['204', (response) => response.writeHead(204).end()],
  ...[301, 302, 307, 308].map((status): [string, Answer] => [
    `a redirect (${status}) with an answer`,
    (response, operation) => response.writeHead(status, { location: '/' }).end(textOf(operation)),
  ]),
  ...[400, 404, 500, 502, 503, 429].map((status): [string, Answer] => [
    `${status} with an answer`,
    (response, operation) => response.writeHead(status, { 'retry-after': '100' }).end(textOf(operation)),
  ]),
  ['an answer that never begins', () => {}],
  ['an answer that never ends', (response, operation) => void response.write(textOf(operation))],
];
describe.each(FAULTS)('%s is no answer', (_what, answer) => {
  test.each(GATES)('for %s', async (...words) => {
    const url = await serve(answer);
    const { exit, out } = await klpreg([...words, '--url', url, '--timeout', '1s']);
    expect(exit).toBe(noAnswer(words));
    if (words[0] !== 'nagios') expect(out).toBe('');
  });
});

test.each(GATES)('%s … has no answer from a closed port', async (...words) => {
  expect((await klpreg([...words, '--url', 'http://127.0.0.1:1'])).exit).toBe(noAnswer(words));
});

test.each(GATES)(
  '%s … is not authorised with a token that is expired, revoked or of another role',
  async (...words) => {
    for (const status of [401, 403]) {
      const url = await serve((response, operation) => response.writeHead(status).end(textOf(operation)));
      expect((await klpreg([...words, '--url', url, '--token', 'x'])).exit).toBe(notAuthorised(words));
    }
  },
);

describe('a certificate', () => {
  const made = new Certificates();
  made.ca('ca');
  made.ca('other-ca');
  afterAll(() => made.remove());
  test.each([
    ['of another CA', () => made.leaf('foreign', 'other-ca')],
    ['that has expired', () => made.leaf('expired', 'ca', { days: -1 })],
    ['of another host', () => made.leaf('other', 'ca', { subjectAltName: 'DNS:registry.example' })],
  ])('%s: no gate has an answer', async (_what, files) => {
    const { certificate, key } = files();
    const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
    const at = await listen(
      createTlsServer(
        tls,
        handler((response, operation) => response.end(textOf(operation))),
      ) as never,
    );
    for (const words of GATES) {
      const { exit } = await klpreg([...words, '--url', `https://${at}`, '--ca-file', made.at('ca.pem')]);
      expect([words, exit]).toEqual([words, noAnswer(words)]);
    }
  });
});

test('an empty selection is "cannot tell"', async () => {
  const answers: Record<string, unknown> = {
    CanDowngrade: asData(fleetAnswer([])),
    CanDeploy: { data: { canDeploy: deployAnswer({}) } },
  };
  const url = await serve((response, operation) => response.end(JSON.stringify(answers[operation])));
  for (const words of GATES.filter(([command]) => command !== 'explain'))
    expect([words, (await klpreg([...words, '--url', url])).exit]).toEqual([words, 3]);
});

test('--warn-only replaces the codes of decisions, and of nothing else', async () => {
  const no = asData(fleetAnswer([cohort(1, verdict([reason('WHY', 'REFUSED')]))]));
  const unknown = asData(fleetAnswer([]));
  const answers: [body: string, exit: number][] = [
    [JSON.stringify(SAFE['CanDowngrade']), 0],
    [JSON.stringify(no), 0],
    [JSON.stringify(unknown), 0],
    ['{', 4],
    [JSON.stringify({ errors: [{ message: 'x', extensions: { code: 'NOT_FOUND' } }], data: null }), 2],
    [JSON.stringify({ errors: [{ message: 'x', extensions: { code: 'FORBIDDEN' } }], data: null }), 5],
  ];
  for (const [body, exit] of answers) {
    const url = await serve((response) => response.end(body));
    const done = await klpreg([...GATES[0]!, '--warn-only', '--url', url]);
    expect([body, done.exit]).toEqual([body, exit]);
    if (body === JSON.stringify(no)) {
      expect(done.err).toMatch(/^NO: .*\n--warn-only: exit code 0 instead of 1\n$/);
      expect(JSON.parse(done.out)).toMatchObject({ answer: 'no', exitCode: 1 });
    }
  }
});

describe('a decision that is to be recorded', () => {
  const input = ['--change', 'CHG-1', '--break-glass', '--reason', 'it burns'];
  const refused = asData(fleetAnswer([cohort(1, verdict([reason('WHY', 'REFUSED')]))]));
  const doubtful = asData(fleetAnswer([cohort(1, verdict([reason('WHY', 'UNKNOWN')]))]));
  const registry = async (fleet: unknown, record: (response: ServerResponse) => void) =>
    serve((response, operation) =>
      operation === 'RecordDecision' ? record(response) : response.end(JSON.stringify(fleet)),
    );
  const recorded = (more: object) => (response: ServerResponse) => {
    const { recordDecision } = madeUpAnswer(RECORD_DECISION.text) as { recordDecision: object };
    response.end(JSON.stringify({ data: { recordDecision: { ...recordDecision, ...more } } }));
  };
  const failure = (code: string) => (response: ServerResponse) =>
    void response.end(JSON.stringify({ errors: [{ message: 'x', extensions: { code } }], data: null }));

  test.each<[string, (response: ServerResponse) => void, string, string]>([
    [
      'the connection is cut',
      (response) => response.destroy(),
      'NOT OVERRIDDEN: it is not known whether',
      'no decision: it is not known whether',
    ],
    [
      'the registry refuses it',
      failure('DECISION_DIFFERS'),
      'NOT OVERRIDDEN: the override cannot be recorded',
      'the decision was not recorded',
    ],
  ])('%s: it says what is known', async (_what, record, overridden, plain) => {
    const url = await registry(refused, record);
    const broken = await klpreg([...GATES[0]!, ...input, '--url', url]);
    expect(broken).toMatchObject({ exit: 1, err: expect.stringContaining(overridden) });
    const done = await klpreg([...GATES[0]!, '--change', 'CHG-1', '--url', url]);
    expect(done).toMatchObject({ exit: 4, out: '', err: expect.stringContaining(plain) });
  });

  test.each<[string, unknown, object, number]>([
    ['cannot tell, and the registry says no', doubtful, { decision: 'NO', passed: false }, 1],
    ['cannot tell, and so does the registry', doubtful, { decision: 'CANNOT_TELL', passed: false }, 3],
    ['cannot tell, and the registry recorded a yes', doubtful, { decision: 'YES', passed: true }, 4],
    ['no, and the registry cannot tell', refused, { decision: 'CANNOT_TELL', passed: false }, 4],
    ['yes, and the registry says no', SAFE['CanDowngrade'], { decision: 'NO', passed: false }, 4],
  ])('the gate says %s', async (_what, fleet, made, exit) => {
    const url = await registry(fleet, recorded(made));
    expect((await klpreg([...GATES[0]!, '--change', 'CHG-1', '--url', url])).exit).toBe(exit);
  });
});

/** Every place in a value, with the values that another registry might have there. Undefined: it is missing. */
function* changes(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<[typeof path, unknown]> {
  if (path.length > 0) for (const other of othersOf(value)) yield [path, other];
  if (value === null || typeof value !== 'object') return;
  for (const [key, each] of Object.entries(value))
    yield* changes(each, [...path, Array.isArray(value) ? Number(key) : key]);
}

function othersOf(value: unknown): unknown[] {
  if (typeof value === 'boolean') return [undefined, !value];
  if (typeof value === 'number') return [undefined, 0, value + 1, -1];
  if (typeof value === 'string') return [undefined, 'SAFE', 'ADVISORY', 'OF_A_NEWER_REGISTRY'];
  return Array.isArray(value) ? [null, []] : [undefined, null, {}];
}

const changed = (value: unknown, path: readonly (string | number)[], other: unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return other;
  const copy: Record<string | number, unknown> | unknown[] = Array.isArray(value)
    ? [...(value as unknown[])]
    : { ...(value as Record<string, unknown>) };
  (copy as Record<string | number, unknown>)[key] = changed(
    (value as Record<string | number, unknown>)[key],
    rest,
    other,
  );
  return copy;
};

const reasons = (['REFUSED', 'UNSAFE', 'UNKNOWN'] as const).map(
  (kind) => [kind, reason('WHY', kind)] as const,
);
const BAD: [what: string, words: readonly string[], operation: string, answer: unknown][] = [
  ...reasons.flatMap(([kind, why]): typeof BAD => [
    [
      `a fleet with a host that is ${kind}`,
      GATES[0]!,
      'CanDowngrade',
      asData(fleetAnswer([cohort(2, verdict([])), cohort(1, verdict([why]))])),
    ],
    [
      `a host that is ${kind}`,
      GATES[2]!,
      'JudgeHost',
      { data: { host: { ...host(verdict([why])).data.host } } },
    ],
    [
      `a roll-out to a fleet with a host that is ${kind}`,
      GATES[1]!,
      'CanDeploy',
      { data: { canDeploy: deployAnswer({ safe: 2, [kind.toLowerCase()]: 1 }) } },
    ],
  ]),
  [
    'a roll-out after which a host cannot go back',
    GATES[1]!,
    'CanDeploy',
    { data: { canDeploy: deployAnswer({ safe: 2, lost: 1 }) } },
  ],
];

/** How many doubts the question or the policy allows: no other field of an answer about a roll-out tells it. */
const ALLOWED = 'data.canDeploy.counts.accepted';

test.each(BAD)('%s: no change of one field makes it a yes', async (_what, words, asked, answer) => {
  let now: unknown;
  const url = await serve((response, operation) =>
    response.end(JSON.stringify(operation === asked ? now : SAFE[operation])),
  );
  const wrong: string[] = [];
  let count = 0;
  for (const [path, other] of changes(answer)) {
    if (asked === 'CanDeploy' && path.join('.') === ALLOWED) continue;
    now = changed(answer, path, other);
    const { exit } = await klpreg([...words, '--url', url]);
    if (exit === 0) wrong.push(`${path.join('.')} = ${JSON.stringify(other)}`);
    count++;
  }
  expect(count).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});
