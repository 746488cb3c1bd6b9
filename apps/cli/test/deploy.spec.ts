import fc from 'fast-check';
import { decideDeploy } from '../src/gate/deploy.js';
import type { DeployAnswer } from '../src/registry/generated/operations.js';
import { deployAnswer } from './deploy-answer.js';
import { klpreg } from './environment.js';
import { expectGolden } from './golden.js';
import { TinyRegistry } from './tiny-registry.js';

const NONE = { hosts: 0 } as const;
const STRICT = { maxRefused: NONE, maxNoReturn: NONE, allowEmpty: false };

test.each<[what: string, answer: DeployAnswer, gate: Partial<typeof STRICT>, exit: number, why: string]>([
  ['all can take it', deployAnswer({ safe: 3 }), {}, 0, '3 of 3 hosts can take it'],
  [
    'one loses a way back',
    deployAnswer({ safe: 3, lost: 1 }),
    {},
    1,
    'of 3 hosts, 1 could not go back afterwards',
  ],
  [
    'as many as tolerated lose a way back',
    deployAnswer({ safe: 3, lost: 1 }),
    { maxNoReturn: { hosts: 1 } as never },
    0,
    '3 of 3 hosts can take it; 1 could not go back afterwards, which is tolerated',
  ],
  ['one is refused', deployAnswer({ safe: 2, refused: 1 }), {}, 1, 'of 3 hosts, 1 would be refused'],
  [
    'harm is never tolerated',
    deployAnswer({ safe: 2, unsafe: 1 }),
    { maxRefused: { percent: 100 } as never },
    1,
    'of 3 hosts, 1 would be harmed by the installation',
  ],
  ['one cannot be judged', deployAnswer({ safe: 2, unknown: 1 }), {}, 3, '1 of 3 hosts cannot be judged'],
  ['accepted doubts', deployAnswer({ safe: 2, unknown: 1, accepted: 3 }), {}, 0, '3 of 3 hosts can take it'],
  [
    'a refusal that may hide a doubt is not tolerated',
    deployAnswer({ safe: 2, refused: 1 }, { refusedInDoubt: 1 }),
    { maxRefused: { hosts: 1 } as never },
    3,
    '1 of 3 hosts would be refused, and cannot be judged otherwise',
  ],
  [
    'a refusal that hides harm is not tolerated',
    deployAnswer(
      { safe: 9, refused: 1 },
      { counts: { safe: 9, unknown: 0, unsafe: 0, refused: 1, total: 10, harmful: 1, accepted: 9 } },
    ),
    { maxRefused: { hosts: 1 } as never },
    1,
    'of 10 hosts, 1 would be harmed by the installation',
  ],
  ['no host', deployAnswer({}), {}, 3, 'no host matches'],
  [
    'no host, accepted',
    deployAnswer({}),
    { allowEmpty: true },
    0,
    'no host matches, which --allow-empty accepts',
  ],
  [
    'a scope that may hide hosts',
    deployAnswer({ safe: 2 }, { limitedByScope: true }),
    {},
    3,
    'the token is limited to some of the matching hosts',
  ],
])('%s', (_what, answer, gate, exit, why) => {
  expect(decideDeploy(answer, { ...STRICT, ...gate })).toMatchObject({ exit, why });
});

test('yes only if nothing is against it (law)', () => {
  const few = fc.nat({ max: 4 });
  fc.assert(
    fc.property(
      fc.record({ safe: few, unknown: few, unsafe: few, refused: few, lost: few }),
      few,
      few,
      (n, r, l) => {
        const answer = deployAnswer(n);
        const { exit } = decideDeploy(answer, {
          maxRefused: { hosts: r },
          maxNoReturn: { hosts: l },
          allowEmpty: false,
        });
        const isClear =
          answer.matched > 0 && n.unsafe === 0 && n.unknown === 0 && n.refused <= r && n.lost <= l;
        expect(exit === 0).toBe(isClear);
      },
    ),
  );
});

async function ask(answer: DeployAnswer, words: readonly string[]) {
  const registry = await TinyRegistry.open(() => ({ body: { data: { canDeploy: answer } } }));
  try {
    return await klpreg(['can-i-deploy', 'release:web', '--url', registry.url, ...words]);
  } finally {
    await registry.close();
  }
}

test('the answer as a table', async () => {
  const { exit, out } = await ask(deployAnswer({ safe: 5, refused: 2, lost: 3 }), ['-o', 'table']);
  expect(exit).toBe(1);
  expectGolden('deploy.txt', out);
});

test('the answer as JSON begins with the answer, and the decision is on stderr', async () => {
  const { out, err } = await ask(deployAnswer({ safe: 5, lost: 3 }), [
    '-o',
    'json',
    '--max-no-return',
    '60%',
  ]);
  expect(Object.keys(JSON.parse(out)).slice(0, 4)).toEqual(['schemaVersion', 'answer', 'why', 'exitCode']);
  expect(err).toBe('YES: 5 of 5 hosts can take it; 3 could not go back afterwards, which is tolerated\n');
});

const counts = { safe: 5, unknown: 0, unsafe: 0, refused: 0, total: 5, harmful: 0, accepted: 5 };
test.each<[what: string, answer: DeployAnswer]>([
  ['fewer lose a way back than a way is lost by', deployAnswer({ safe: 5, lost: 3 }, { noReturn: 0 })],
  ['its kind is not the worst', deployAnswer({ safe: 5 }, { kind: 'UNSAFE' })],
  ['it says nothing of the ways back', deployAnswer({ safe: 5 }, { ways: [] })],
  ['it accepts more than there are', deployAnswer({ safe: 5 }, { counts: { ...counts, accepted: 9 } })],
  ['it harms hosts that are SAFE', deployAnswer({ safe: 5 }, { counts: { ...counts, harmful: 1 } })],
  ['its counts do not add up', deployAnswer({ safe: 5 }, { counts: { ...counts, total: 6 } })],
])('an answer is none if %s', async (_what, answer) => {
  const { exit, err } = await ask(answer, []);
  expect(exit).toBe(4);
  expect(err).toContain('contradicts itself');
});

test('the original code is nothing to deploy', async () => {
  const { exit, err } = await klpreg(['can-i-deploy', 'original']);
  expect([exit, err]).toEqual([
    2,
    "error: 'original' is nothing to deploy\n  write a release, a module name or a build-id\n",
  ]);
});

test.each<[format: string, said: RegExp]>([
  ['junit', /<testsuites tests="1" failures="1" [^]*1 could not go back afterwards/],
  ['sarif', /"exitCode": 1/],
  ['github', /^::error title=[^\n]*::no: of 3 hosts, 1 could not go back afterwards\n/],
])('as a report for other tools: %s', async (format, said) => {
  const answer = deployAnswer({ safe: 3, lost: 1 });
  const registry = await TinyRegistry.open(() => ({ body: { data: { canDeploy: answer } } }));
  const words = ['can-i-deploy', 'release:web', '-o', format, '--url', registry.url];
  const { exit, out, err } = await klpreg(words);
  await registry.close();
  expect([exit, out, err]).toEqual([1, expect.stringMatching(said), expect.stringMatching(/^NO: /)]);
});
