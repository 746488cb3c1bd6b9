import { findStateRefusals, type Patch } from '../../src/index.js';
import { cumulative as R, plain as N } from '../../src/testing/index.js';

// The table of the kernel's own answers, run on 6.12 and 7.3 (x86-64, the same on both). V24, V25: what was
// disabled or replaced is not listed.
test.each<[row: string, listed: Patch[], target: Patch, answer: 'ok' | 'einval']>([
  ['V01 nothing is installed', [], R('t'), 'ok'],
  ['V02 nothing is installed below a non-cumulative one', [], N('t', { 1: 1 }), 'ok'],
  ['V03 same id, higher version', [R('a', { 1: 1 })], R('t', { 1: 2 }), 'ok'],
  ['V04 same id, lower version', [R('a', { 1: 2 })], R('t', { 1: 1 }), 'einval'],
  ['V05 equal version', [R('a', { 1: 2 })], R('t', { 1: 2 }), 'ok'],
  ['V06 a cumulative candidate lacks an id', [R('a', { 1: 1 })], R('t'), 'einval'],
  ['V07 a non-cumulative one may omit ids', [R('a', { 1: 1 })], N('t'), 'ok'],
  ['V08 the version rule binds a non-cumulative one too', [R('a', { 1: 2 })], N('t', { 1: 1 }), 'einval'],
  ['V09 equal, both non-cumulative', [N('a', { 1: 1 })], N('t', { 1: 1 }), 'ok'],
  ['V10 extra ids are free', [R('a')], R('t', { 5: 9 }), 'ok'],
  ['V11 the second id is missing', [R('a', { 1: 1, 2: 1 })], R('t', { 1: 1 }), 'einval'],
  [
    'V12 the order of entries is irrelevant',
    [
      R('a', [
        [1, 1],
        [2, 1],
      ]),
    ],
    R('t', [
      [2, 5],
      [1, 1],
    ]),
    'ok',
  ],
  [
    'V13 the highest installed version counts',
    [N('a', { 1: 1 }), N('b', { 1: 3 })],
    R('t', { 1: 2 }),
    'einval',
  ],
  ['V14 meets the highest; both are replaced', [N('a', { 1: 1 }), N('b', { 1: 3 })], R('t', { 1: 3 }), 'ok'],
  ['V15 lower, both non-cumulative', [N('a', { 1: 3 })], N('t', { 1: 1 }), 'einval'],
  [
    'V16 candidate: the first duplicate counts, and is too low',
    [R('a', { 1: 2 })],
    R('t', [
      [1, 1],
      [1, 3],
    ]),
    'einval',
  ],
  [
    'V17 candidate: the first duplicate counts, and is enough',
    [R('a', { 1: 2 })],
    R('t', [
      [1, 3],
      [1, 1],
    ]),
    'ok',
  ],
  [
    'V18 installed: every duplicate counts',
    [
      R('a', [
        [1, 1],
        [1, 3],
      ]),
    ],
    R('t', { 1: 2 }),
    'einval',
  ],
  [
    'V19 an id 0 ends the candidate before id 2',
    [R('a', { 2: 1 })],
    R('t', [
      [1, 1],
      [0, 0],
      [2, 1],
    ]),
    'einval',
  ],
  [
    'V20 an id 0 ends the installed one before id 2',
    [
      R('a', [
        [1, 1],
        [0, 0],
        [2, 9],
      ]),
    ],
    R('t', { 1: 1 }),
    'ok',
  ],
  ['V21 version 0 is a legal value', [R('a', { 1: 0 })], R('t', { 1: 0 }), 'ok'],
  ['V22a versions compare unsigned, refused', [R('a', { 1: 2147483648 })], R('t', { 1: 1 }), 'einval'],
  ['V22b versions compare unsigned, accepted', [R('a', { 1: 2147483648 })], R('t', { 1: 4294967295 }), 'ok'],
  ['V23 ids are 64 bits wide', [R('a', [[4294967297n, 1]])], R('t', { 1: 1 }), 'einval'],
  ['V24 a disabled patch counts for nothing', [], R('t', { 1: 1 }), 'ok'],
  ['V25 a replaced patch counts for nothing', [], R('t'), 'ok'],
  ['V29a the top is still there', [N('a', { 1: 1 }), N('b', { 1: 3 })], R('t', { 1: 2 }), 'einval'],
  ['V29b the top was disabled', [N('a', { 1: 1 })], R('t', { 1: 2 }), 'ok'],
])('%s', (_, listed, target, answer) => {
  expect(findStateRefusals(target, listed).length === 0 ? 'ok' : 'einval').toBe(answer);
});

// V19 and V20 once more with the arrays as the module has them: the rule itself stops at an id 0.
test.each<[row: string, listed: [bigint, number][], target: [bigint, number][], answer: number]>([
  [
    'V19 raw',
    [[2n, 1]],
    [
      [1n, 1],
      [0n, 0],
      [2n, 1],
    ],
    1,
  ],
  [
    'V20 raw',
    [
      [1n, 1],
      [0n, 0],
      [2n, 9],
    ],
    [[1n, 1]],
    0,
  ],
])('%s', (_, listed, target, refusals) => {
  const raw = (name: string, states: [bigint, number][]): Patch => ({
    name,
    replace: true,
    states: states.map(([id, version]) => ({ id, version })),
  });
  expect(findStateRefusals(raw('t', target), [raw('a', listed)])).toHaveLength(refusals);
});
