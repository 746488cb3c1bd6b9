import { decideDrift, type DriftAnswer } from '../src/gate/drift.js';
import type { DriftGroup } from '../src/registry/generated/operations.js';
import { fleetAnswer, reason, verdict } from './fleet-answer.js';
import { klpreg } from './environment.js';
import { expectGolden } from './golden.js';
import { TinyRegistry } from './tiny-registry.js';

const SAFE = verdict([]);
const REFUSED = verdict([reason('STATE_VERSION_TOO_LOW', 'REFUSED')]);
const lost: DriftGroup = {
  hosts: 2,
  cause: 'STACK',
  runsBefore: ['lp_10'],
  runs: ['lp_10', 'lp_12'],
  kernelBefore: '6.1.0',
  kernel: '6.1.0',
  before: SAFE,
  after: REFUSED,
  examples: ['web-1', 'web-9'],
};
const won: DriftGroup = {
  ...lost,
  hosts: 1,
  cause: 'CATALOG',
  before: REFUSED,
  after: SAFE,
  examples: ['db-1'],
};

const driftAnswer = (numbers: Partial<DriftAnswer> = {}): DriftAnswer => ({
  matched: 5,
  lost: 2,
  won: 1,
  transitions: [
    { before: 'SAFE', after: 'REFUSED', hosts: 2 },
    { before: 'REFUSED', after: 'SAFE', hosts: 1 },
    { before: 'SAFE', after: 'SAFE', hosts: 1 },
    { before: null, after: 'UNKNOWN', hosts: 1 },
  ],
  limitedByScope: false,
  before: { ...fleetAnswer([]).snapshot, now: '2026-11-24T08:00:00.000Z' },
  after: { ...fleetAnswer([]).snapshot, now: '2026-11-24T10:00:00.000Z' },
  groups: [lost, won],
  complete: true,
  ...numbers,
});

test.each<[what: string, answer: Partial<DriftAnswer>, exit: number, why: string]>([
  ['some lost it', {}, 1, 'of 5 hosts, 2 lost the way back, 1 won it'],
  ['none lost it', { lost: 0 }, 0, 'of 5 hosts, 0 lost the way back, 1 won it'],
  ['a scope', { lost: 0, limitedByScope: true }, 3, 'the token is limited to some of the matching hosts'],
  ['no host', { lost: 0, matched: 0 }, 3, 'no host matches'],
])('%s', (_what, answer, exit, why) => {
  expect(decideDrift(driftAnswer(answer))).toMatchObject({ exit, why });
});

async function ask({ groups, ...answer }: DriftAnswer, words: readonly string[]) {
  const page = {
    nodes: groups,
    totalCount: groups.length,
    pageInfo: { hasNextPage: false, endCursor: null },
  };
  const registry = await TinyRegistry.open(() => ({
    body: { data: { drift: { ...answer, groups: page } } },
  }));
  try {
    const question = ['drift', '--to', 'original', '--from', '2026-11-24T08:00:00Z'];
    return await klpreg([...question, '--url', registry.url, ...words]);
  } finally {
    await registry.close();
  }
}

test('the drift as a table', async () => {
  const { exit, out } = await ask(driftAnswer(), ['-o', 'table']);
  expect(exit).toBe(1);
  expectGolden('drift.txt', out);
});

test('the drift as JSON begins with the answer, and the decision is on stderr', async () => {
  const { out, err } = await ask(driftAnswer({ lost: 0 }), ['-o', 'json']);
  expect(Object.keys(JSON.parse(out)).slice(0, 4)).toEqual(['schemaVersion', 'answer', 'why', 'exitCode']);
  expect(err).toBe('YES: of 5 hosts, 0 lost the way back, 1 won it\n');
});

test('an answer whose hosts do not add up is none', async () => {
  const { exit, err } = await ask(driftAnswer({ matched: 6 }), []);
  expect([exit, err]).toEqual([4, expect.stringContaining('contradicts itself')]);
});
