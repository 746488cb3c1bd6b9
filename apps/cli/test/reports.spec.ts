import { parse } from 'yaml';
import { asData, cohort, fleetAnswer, listed, reason, verdict } from './fleet-answer.js';
import { klpreg } from './environment.js';
import { expectGolden } from './golden.js';
import { madeUpAnswer } from './made-up.js';
import { RECORD_DECISION } from '../src/registry/generated/operations.js';
import { type ReceivedRequest, TinyRegistry } from './tiny-registry.js';

const left = reason('STATE_LEFT_BEHIND', 'UNSAFE', {
  patch: 'lp_11',
  text: "state 1 of 'lp_11' is left <behind>",
});
const busy = reason('TRANSITION_IN_PROGRESS', 'REFUSED', { errno: 'EBUSY', clearedBy: 'TIME' });
const hotfix = reason('FOREIGN_PATCH_DISCARDED', 'ADVISORY', { text: '50%: a,b\n::error::forged' });
const mixed = fleetAnswer([
  cohort(2, verdict([busy], { errno: 'EBUSY' }), {
    runs: ['lp_9', 'lp_hot'],
    stack: null,
    examples: ['api-1'],
  }),
  cohort(1, verdict([left, hotfix]), { examples: ['db-"2"'], kernelRelease: null }),
  cohort(4, verdict([]), { stack: [listed('lp_1')], examples: ['web-1', 'web-2'] }),
]);
const good = fleetAnswer([cohort(4, verdict([]))]);
const tolerable = fleetAnswer([cohort(1, verdict([busy], { errno: 'EBUSY' })), cohort(99, verdict([]))]);

async function ask(
  answer: typeof mixed,
  words: readonly string[],
  reply?: (request: ReceivedRequest) => object,
) {
  const registry = await TinyRegistry.open((request) => ({ body: reply?.(request) ?? asData(answer) }));
  try {
    return {
      ...(await klpreg([...words, '--url', registry.url])),
      requests: registry.requests.map(
        ({ body }) => JSON.parse(body) as { variables: Record<string, unknown> },
      ),
    };
  } finally {
    await registry.close();
  }
}
const GATE = ['can-i-downgrade', '--to', 'original'];

describe.each(['junit', 'sarif', 'github'])('the format %s', (format) => {
  test.each([
    ['no', mixed, [], 1],
    ['yes', good, [], 0],
    ['tolerated', tolerable, ['--max-refused', '1'], 0],
    ['none', fleetAnswer([]), [], 3],
  ] as const)('of the answer: %s', async (name, answer, flags, code) => {
    const { exit, out, err } = await ask(answer, [...GATE, '-o', format, ...flags]);
    expect(exit).toBe(code);
    expectGolden(`report-${format}-${name}.txt`, out);
    // the decision is also in the log of the pipeline
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(/^(?:YES|NO|CANNOT TELL): /);
  });
});

test.each(['junit', 'sarif', 'github'])(
  'the format %s shows an override, and nothing fails',
  async (format) => {
    const made = madeUpAnswer(RECORD_DECISION.text) as { recordDecision: object };
    const recorded = {
      ...made.recordDecision,
      id: 'the-id',
      changeId: 'CHG-1',
      decision: 'NO',
      passed: true,
    };
    const words = [...GATE, '-o', format, '--change', 'CHG-1', '--break-glass', '--reason', 'it burns'];
    const { exit, out } = await ask(mixed, words, ({ operation }) =>
      operation === 'RecordDecision' ? { data: { recordDecision: recorded } } : asData(mixed),
    );
    expect(exit).toBe(0);
    expectGolden(`report-${format}-overridden.txt`, out);
    expect(out).toContain('OVERRIDDEN BY BREAK-GLASS: the answer is NO');
    expect(out).not.toMatch(/<(?:failure|error)|"level": "error"|^::error/m);
  },
);

test('a forged line of a log is part of a line', async () => {
  const answer = fleetAnswer([
    cohort(1, verdict([reason('STATE_LEFT_BEHIND', 'UNSAFE', { text: 'a\n::error::forged' })])),
  ]);
  const { out } = await ask(answer, [...GATE, '-o', 'github']);
  expect(out.split('\n').filter((line) => line.startsWith('::'))).toHaveLength(2);
  expect(out).toContain('%0A::error::forged');
});

test.each([['hosts'], ['states'], ['patch', 'list'], ['token', 'revoke', 'x', '--reason', 'old']])(
  'a report of %s: refused before anything is asked',
  async (...words) => {
    const { exit, err, requests } = await ask(good, [...words, '-o', 'junit']);
    expect(exit).toBe(2);
    expect(err).toContain("'junit' is a format of gates");
    expect(requests).toEqual([]);
  },
);

describe('the answer as data', () => {
  const many = fleetAnswer(
    Array.from({ length: 30 }, (_, i) =>
      cohort(1, verdict([reason(`CODE_${i}`, 'UNSAFE')]), { runs: [`lp_${i}`], stack: null }),
    ),
  );

  test('is small, begins with the answer, and says what it leaves out', async () => {
    const { out } = await ask(many, [...GATE, '-o', 'json']);
    const data = JSON.parse(out);
    expect(Object.keys(data).slice(0, 5)).toEqual(['schemaVersion', 'answer', 'why', 'exitCode', 'kind']);
    expect(data).toMatchObject({ complete: false, reasonCount: 30, cohortCount: 30 });
    expect([data.reasons.length, data.cohorts.length]).toEqual([20, 20]);
  });

  test.each(['json', 'yaml'])('has everything with --full, as %s', async (format) => {
    const { out } = await ask(many, [...GATE, '-o', format, '--full']);
    const data = parse(out);
    expect(data).toMatchObject({ complete: true, reasonCount: 30, cohortCount: 30 });
    expect(data.cohorts[0].verdict.reasons).toHaveLength(1);
    expect(data.reasons).toHaveLength(30);
  });
});

test('hosts are grouped by list, kernel and the labels of --by', async () => {
  const { requests } = await ask(good, [...GATE, '--by', 'role', '--by', 'site']);
  expect(requests[0]!.variables).toMatchObject({ by: ['STACK', 'KERNEL'], labels: ['role', 'site'] });
});

describe('--list', () => {
  const page = (names: readonly string[], endCursor: string | null) => ({
    data: {
      canDowngrade: {
        snapshot: mixed.snapshot,
        hosts: {
          nodes: names.map((hostname) => ({
            host: { id: `id of ${hostname}`, hostname },
            verdict: { kind: 'REFUSED', errno: 'EBUSY', route: 'REPLACE' },
          })),
          totalCount: 3,
          pageInfo: { hasNextPage: endCursor !== null, endCursor },
        },
      },
    },
  });
  const pages = ({ operation, body }: ReceivedRequest) => {
    if (operation !== 'ListVerdicts') return asData(mixed);
    const { after } = (JSON.parse(body) as { variables: { after: string | null } }).variables;
    return after === null ? page(['api-1', 'api-2'], 'next') : page(['api-3'], null);
  };

  test('prints the names, one a line, of the same point in time', async () => {
    const { exit, out, err, requests } = await ask(
      mixed,
      [...GATE, '--list', 'refused', '-o', 'table'],
      pages,
    );
    expect([exit, out]).toEqual([1, 'api-1\napi-2\napi-3\n']);
    expect(err).toMatch(/^NO: /);
    expect(requests.at(-1)!.variables).toMatchObject({ kind: 'REFUSED', snapshot: mixed.snapshot.id });
  });

  test('as JSON, with the verdict of each', async () => {
    const { out } = await ask(mixed, [...GATE, '--list', 'REFUSED', '-o', 'json'], pages);
    expect(JSON.parse(out)).toMatchObject({
      answer: 'no',
      hosts: [{ hostname: 'api-1', kind: 'REFUSED', errno: 'EBUSY' }, {}, {}],
    });
  });

  test('another word is a usage error', async () => {
    const { exit, err } = await ask(mixed, [...GATE, '--list', 'bad']);
    expect([exit, err]).toEqual([
      2,
      "error: --list: 'bad' is no kind of verdict\n  write one of safe, unknown, unsafe, refused\n",
    ]);
  });
});

describe('the monitoring plug-in', () => {
  const NAGIOS = ['nagios', '--to', 'original'];
  test.each([
    ['OK', good, [], 0],
    ['WARNING', tolerable, ['--max-refused', '1'], 1],
    ['CRITICAL', mixed, [], 2],
    ['UNKNOWN', fleetAnswer([]), [], 3],
  ] as const)('%s', async (status, answer, flags, code) => {
    const { exit, out } = await ask(answer, [...NAGIOS, ...flags]);
    expect(exit).toBe(code);
    expect(out).toMatch(new RegExp(`^KLPREG ${status} - [^|\\n]+ \\| safe=\\d+;;;0;\\d+ unknown=.*\\n$`));
  });

  test.each([
    ['a flag that does not exist', ['--wrong']],
    ['a wrong value', ['--max-age', 'soon']],
    ['no target', []],
  ])('%s is UNKNOWN, not CRITICAL', async (what, flags) => {
    const words = what === 'no target' ? ['nagios'] : [...NAGIOS, ...flags];
    const { exit, out } = await ask(good, words);
    expect(exit).toBe(3);
    expect(out).toMatch(/^KLPREG UNKNOWN - [^|\n]+\n$/);
  });

  test.each([
    ['an unknown flag', ['--bogus', ...NAGIOS]],
    ['a flag without its value', ['--url', ...NAGIOS]],
  ])('%s before the command is UNKNOWN, not CRITICAL', async (_what, words) => {
    const { exit, out } = await klpreg(words);
    expect(exit).toBe(3);
    expect(out).toMatch(/^KLPREG UNKNOWN - [^|\n]+\n$/);
  });

  test('no registry is UNKNOWN', async () => {
    const { exit, out } = await klpreg([...NAGIOS, '--url', 'http://127.0.0.1:1']);
    expect(exit).toBe(3);
    expect(out).toMatch(/^KLPREG UNKNOWN - [^|\n]*cannot be reached[^|\n]*\n$/);
  });

  test('its help exits with 0', async () => {
    expect((await klpreg(['nagios', '--help'])).exit).toBe(0);
  });
});
