import { execFileSync } from 'node:child_process';
import path from 'node:path';

// When `npm run check:kernel` says that a prediction was wrong. The kernels themselves are in
// apps/server/kernel.

const LOADED = [{ name: 'a', enabled: true, transition: false }];
const INCOMPATIBLE =
  'livepatch: Livepatch patch (a) is not compatible with the already installed livepatches.';
const accepted = { answer: 'OK', likely: 'OK', codes: [], verdict: null, listAfter: LOADED };
const refused = {
  answer: 'EINVAL',
  likely: 'EINVAL',
  codes: ['STATE_MISSING_IN_TARGET'],
  verdict: null,
  listAfter: [],
};
const doubtful = { ...accepted, answer: 'UNKNOWN', codes: ['SYMBOLS_UNVERIFIED'] };
const verdict = (kind: string, errno: string | null = null) => ({ kind, errno, route: 'REPLACE', codes: [] });
const loads = { errno: 'OK', log: [], list: LOADED };
const refuses = (errno: string, log: string[] = []) => ({ errno, log, list: [] });

const ROWS: [
  sentence: string,
  prediction: object,
  seen: object,
  expected: string | null,
  outcome: string,
  falseSafe: boolean,
][] = [
  ['the predicted answer agrees', accepted, loads, null, 'agreed', false],
  [
    'a predicted refusal with its line in the log agrees',
    refused,
    refuses('EINVAL', [INCOMPATIBLE]),
    null,
    'agreed',
    false,
  ],
  [
    'a predicted refusal for another reason is wrong',
    refused,
    refuses('EINVAL', ['livepatch: symbol x not found']),
    null,
    'wrong',
    false,
  ],
  ['another error number is wrong', refused, refuses('EBUSY'), null, 'wrong', false],
  ['a predicted refusal that the kernel accepts is wrong', refused, loads, null, 'wrong', false],
  [
    'a predicted success that the kernel refuses is wrong, and a false SAFE',
    accepted,
    refuses('EINVAL'),
    null,
    'wrong',
    true,
  ],
  [
    'SAFE and refused is wrong, and a false SAFE',
    { ...doubtful, verdict: verdict('SAFE') },
    refuses('EINVAL'),
    null,
    'wrong',
    true,
  ],
  [
    'REFUSED and accepted is wrong',
    { ...doubtful, verdict: verdict('REFUSED', 'EINVAL') },
    loads,
    null,
    'wrong',
    false,
  ],
  [
    'a verdict with another error number is wrong',
    { ...refused, verdict: verdict('REFUSED', 'EBUSY') },
    refuses('EINVAL', [INCOMPATIBLE]),
    null,
    'wrong',
    false,
  ],
  [
    'a refused signature with its line in the kernel log agrees',
    { ...refused, answer: 'EKEYREJECTED', likely: 'EKEYREJECTED', codes: ['SIGNATURE_REQUIRED'] },
    refuses('EKEYREJECTED', ['Loading of unsigned module is rejected']),
    null,
    'agreed',
    false,
  ],
  ['UNKNOWN and the likely answer is UNKNOWN', doubtful, loads, null, 'unknown', false],
  [
    'UNKNOWN and a refusal that the doubt explains is UNKNOWN',
    doubtful,
    refuses('EINVAL'),
    null,
    'unknown',
    false,
  ],
  [
    'UNKNOWN and a refusal that no doubt explains is wrong',
    doubtful,
    refuses('EKEYREJECTED'),
    null,
    'wrong',
    false,
  ],
  ['another list afterwards is wrong', accepted, { ...loads, list: [] }, null, 'wrong', false],
  ['a selftest that expects something else is wrong', accepted, loads, 'fails', 'wrong', false],
  ['a selftest that expects this agrees', accepted, loads, 'succeeds', 'agreed', false],
];

const file = path.join(__dirname, '../kernel/compare.mjs');
const program = `const { compare } = await import(${JSON.stringify(file)});
console.log(JSON.stringify(${JSON.stringify(ROWS)}.map(([, prediction, seen, expected]) => compare(prediction, seen, expected))))`;
const results: { outcome: string; falseSafe: boolean; faults: string[] }[] = JSON.parse(
  execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
);

test.each(
  ROWS.map((row, i) => ({ sentence: row[0], outcome: row[4], falseSafe: row[5], result: results[i]! })),
)('$sentence', ({ outcome, falseSafe, result }) => {
  expect({ outcome: result.outcome, falseSafe: result.falseSafe }).toEqual({ outcome, falseSafe });
  expect(result.faults.length > 0).toBe(outcome === 'wrong');
});
