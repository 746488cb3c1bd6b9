import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { buildSchema, parse, validate } from 'graphql';
import { hostFilter } from '@klpreg/where';
import { blocksOf } from '../src/back/blocks.js';
import { chosenOf } from '../src/back/chosen.js';
import { cohortArguments } from '../src/back/grouping.js';
import { commandOf, documentOf } from '../src/back/same-question.js';
import { sentenceOf } from '../src/back/sentence.js';
import { stepsText } from '../src/back/steps.js';
import { treemap } from '../src/back/treemap.js';
import { newestFirst, mostRunFirst } from '../src/parts/release-order.js';
import { isUnresolved } from '../src/parts/unresolved.js';
import * as rollout from '../src/rollout/same-question.js';
import { pointOfNoReturn, sentenceOf as rolloutSentence } from '../src/rollout/sentence.js';

const counts = (given: object) => ({ safe: 0, unknown: 0, unsafe: 0, refused: 0, accepted: 0, ...given });
const answer = (given: object) => ({
  matched: 10,
  limitedByScope: false,
  counts: counts({ safe: 10, accepted: 10 }),
  cohorts: [],
  isComplete: true,
  ...given,
});

describe('the verdict in words', () => {
  it.each([
    ['yes only if every host is accepted', answer({}), 'yes', 'All 10 hosts can be downgraded.'],
    [
      'yes with the hosts that a waiver accepts',
      answer({ counts: counts({ safe: 8, unknown: 2, accepted: 10 }) }),
      'yes',
      'All 10 hosts can be downgraded (2 for reasons that the policy or a waiver accepts).',
    ],
    [
      'no before all doubts',
      answer({ counts: counts({ safe: 6, unknown: 1, unsafe: 1, refused: 2 }), limitedByScope: true }),
      'no',
      '3 of 10 hosts cannot be downgraded safely: 2 would be refused, 1 would be harmed.',
    ],
    [
      'hosts that are there already, apart',
      answer({
        counts: counts({ safe: 7, unsafe: 3 }),
        cohorts: [{ hosts: 1, verdict: { kind: 'UNSAFE', route: 'NONE_NEEDED' } }],
      }),
      'no',
      '3 of 10 hosts cannot be downgraded safely: 2 would be harmed, 1 is already there, and not unharmed.',
    ],
    [
      'a scope is no yes',
      answer({ limitedByScope: true }),
      'cannotTell',
      'The token is limited to some of the matching hosts.',
    ],
    [
      'unknown is no yes',
      answer({ counts: counts({ safe: 9, unknown: 1, accepted: 9 }) }),
      'cannotTell',
      '1 of 10 hosts cannot be judged.',
    ],
    [
      'an empty selection is no yes',
      answer({ matched: 0, counts: counts({}) }),
      'cannotTell',
      'No host matches. Check the filter of the hosts.',
    ],
  ])('%s', (_, given, word, why) => {
    expect(sentenceOf(given)).toEqual({ answer: word, why });
  });
});

describe('a target that cannot be resolved', () => {
  const unknown = (n: number, more: object = {}) => counts({ unknown: n, ...more });
  const reasons = (...rows: [hosts: number, code: string][]) =>
    rows.map(([hosts, code]) => ({ hosts, reason: { code } }));
  it.each([
    [
      'is why no host has a verdict',
      unknown(3),
      reasons([2, 'TARGET_UNRESOLVED'], [1, 'TARGET_UNRESOLVED']),
      true,
    ],
    [
      'is why, apart from hosts that never reported',
      unknown(3),
      reasons([2, 'TARGET_UNRESOLVED'], [1, 'NEVER_REPORTED']),
      true,
    ],
    ['is not why a host has a verdict', unknown(3, { safe: 1 }), reasons([3, 'TARGET_UNRESOLVED']), false],
    [
      'is not why another host is unknown',
      unknown(3),
      reasons([2, 'TARGET_UNRESOLVED'], [1, 'FACTS_STALE']),
      false,
    ],
    ['is not why hosts that never reported are unknown', unknown(3), reasons([3, 'NEVER_REPORTED']), false],
    ['is no reason without hosts', unknown(0), [], false],
  ])('%s', (_, given, why, expected) => {
    expect(isUnresolved(given, why)).toBe(expected);
  });

  it('leads to the releases that the most hosts run, of two to the newer', () => {
    const release = (name: string, hosts: number, day: number) => ({
      name,
      hosts,
      publishedAt: `2026-11-0${day}T00:00:00.000Z`,
    });
    const given = [release('a', 2, 1), release('b', 1, 9), release('c', 2, 3)];
    expect(mostRunFirst(given).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(newestFirst(given).map(({ name }) => name)).toEqual(['b', 'c', 'a']);
  });
});

describe('the map of hosts', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 100 });

  it('gives each group an area in proportion, without overlap, and fills the whole', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0.2, max: 5, noNaN: true }), (given, aspect) => {
        const sorted = [...given].sort((a, b) => b - a);
        const total = sorted.reduce((sum, weight) => sum + weight, 0);
        const boxes = treemap(sorted, aspect);
        expect(boxes).toHaveLength(sorted.length);
        boxes.forEach(({ x, y, width, height }, index) => {
          expect(width * height).toBeCloseTo(sorted[index]! / total, 9);
          expect(Math.min(x, y)).toBeGreaterThan(-1e-9);
          expect(Math.max(x + width, y + height)).toBeLessThan(1 + 1e-9);
          for (const other of boxes.slice(0, index)) {
            const across = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
            const down = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
            expect(Math.min(across, down)).toBeLessThan(1e-9);
          }
        });
      }),
    );
  });

  it('has nothing for no hosts', () => {
    expect(treemap([], 3)).toEqual([]);
  });

  it('makes equal groups nearly squares', () => {
    for (const { width, height } of treemap(
      Array.from({ length: 12 }, () => 1),
      3,
    ))
      expect((width * 3) / height).toBeCloseTo(1);
  });
});

const cohort = (given: object) =>
  ({
    hosts: 1,
    runs: ['lp_1'],
    kernelRelease: null,
    arch: null,
    labels: [],
    examples: [],
    verdict: {
      kind: 'SAFE',
      route: 'REPLACE',
      errno: null,
      accepted: true,
      steps: [],
      reasons: [] as object[],
    },
    ...given,
  }) as Parameters<typeof blocksOf>[0][number];

const refused = {
  ...cohort({}).verdict,
  kind: 'REFUSED',
  reasons: [
    { code: 'STATE_MISSING_IN_TARGET', kind: 'REFUSED', text: 'one' },
    { code: 'CVE_REOPENED', kind: 'ADVISORY', text: 'two' },
  ],
};

describe('blocks', () => {
  it('adds up to the counts, with a block for what is not listed', () => {
    const blocks = blocksOf(
      [cohort({ hosts: 3 }), cohort({ hosts: 5, verdict: refused })],
      counts({ safe: 10, refused: 5 }),
    );
    expect(blocks.map(({ kind, hosts, cohort }) => [kind, hosts, cohort !== null])).toEqual([
      ['SAFE', 7, false],
      ['REFUSED', 5, true],
      ['SAFE', 3, true],
    ]);
  });

  it('names groups by what they share, so that an address leads to the same one', () => {
    const keys = [
      cohort({}),
      cohort({ hosts: 2 }),
      cohort({ runs: ['lp_2'] }),
      cohort({ verdict: refused }),
    ].map((each) => blocksOf([each], counts({}))[0]!.key);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(3);
  });
});

describe('the hosts of a choice', () => {
  const block = (given: object) => blocksOf([cohort(given)], counts({}));
  it.each([
    ['nothing chosen', {}, [], null],
    ['a verdict', { kind: 'UNSAFE' }, [], { where: undefined, kind: 'UNSAFE', code: undefined }],
    [
      'a reason, within the filter',
      { code: 'STATES_UNDECLARED', where: 'env=prod' },
      [],
      { where: hostFilter('env=prod'), kind: undefined, code: 'STATES_UNDECLARED' },
    ],
    [
      'a block, by its list and its deciding reason',
      { block: block({ verdict: refused })[0]!.key, where: 'env=prod' },
      block({ verdict: refused }),
      {
        where: hostFilter('env=prod,running=name:lp_1,patches=1'),
        kind: 'REFUSED',
        code: 'STATE_MISSING_IN_TARGET',
      },
    ],
    [
      'a block of hosts without a label',
      { block: block({ runs: null })[0]!.key, by: 'label', label: 'env' },
      block({ runs: null }),
      { where: hostFilter('!env'), kind: 'SAFE', code: undefined },
    ],
    [
      'a wider choice if the filter already has a condition on the same fact',
      { block: block({})[0]!.key, where: 'patches=1+' },
      block({}),
      { where: hostFilter('patches=1+'), kind: 'SAFE', code: undefined },
    ],
  ])('%s', (_, values, blocks, expected) => {
    expect(chosenOf(values, blocks)?.select ?? null).toEqual(expected);
  });
});

it('groups by list of livepatches, unless the address says otherwise', () => {
  expect(cohortArguments({})).toEqual({ by: ['STACK'], labels: [] });
  expect(cohortArguments({ by: 'stack-kernel' })).toEqual({ by: ['STACK', 'KERNEL'], labels: [] });
  expect(cohortArguments({ by: 'label', label: 'role' })).toEqual({ by: [], labels: ['role'] });
});

it('says operations as a sentence', () => {
  const steps = [
    { action: 'DISABLE', patch: 'lp_2' },
    { action: 'REBOOT', patch: null },
  ] as const;
  expect(stepsText(steps)).toBe('disable lp_2, then reboot');
});

describe('the same question elsewhere', () => {
  it.each([
    [commandOf({}), 'klpreg can-i-downgrade --to previous'],
    [
      commandOf({ to: 'release:2026.09', where: "role in (web,api),owner='x'", route: 'DISABLE_THEN_LOAD' }),
      String.raw`klpreg can-i-downgrade --to release:2026.09 --where 'role in (web,api),owner='\''x'\''' ` +
        '--route disable-then-load',
    ],
    [commandOf({ to: 'ab'.repeat(20) }), `klpreg can-i-downgrade --to build-id:${'ab'.repeat(20)}`],
    [commandOf({ to: 'original' }, 'lp 1.ko'), "klpreg can-i-downgrade --to './lp 1.ko'"],
    [rollout.commandOf({ where: 'env=prod' }, 'lp_1.ko'), 'klpreg can-i-deploy ./lp_1.ko --where env=prod'],
    [
      rollout.commandOf({ what: '2026.10', asOf: '2026-11-27T05:00:00.000Z' }),
      'klpreg can-i-deploy 2026.10 --as-of 2026-11-27T05:00:00.000Z',
    ],
  ])('%s', (command, expected) => {
    expect(command).toBe(expected);
  });

  const schema = buildSchema(readFileSync('apps/server/schema.graphql', 'utf8'));
  it.each([
    [
      'a downgrade',
      documentOf({ to: { previous: true }, where: {}, route: 'DISABLE', asOf: '2026-11-27T05:00:00Z' }),
    ],
    ['a downgrade by any route', documentOf({ to: { previous: true }, bestRoute: true })],
    ['a rollout', rollout.documentOf({ what: { release: 'x' }, where: {}, asOf: undefined })],
  ])('the document of %s is valid', (_, { query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  });
});

describe('the verdict before a rollout', () => {
  const rolloutAnswer = (given: object) => ({
    matched: 10,
    limitedByScope: false,
    refusedInDoubt: 0,
    noReturn: 0,
    counts: { ...counts({ safe: 10, accepted: 10 }), harmful: 0 },
    ...given,
  });
  it.each([
    ['yes if no way back is lost', {}, 'yes'],
    ['no if one is', { noReturn: 1 }, 'no'],
    ['no if a refusal hides harm', { counts: { ...counts({ refused: 1 }), harmful: 1 } }, 'no'],
    ['a scope is no yes', { limitedByScope: true }, 'cannotTell'],
    [
      'unknown is no yes',
      { counts: { ...counts({ safe: 9, unknown: 1, accepted: 9 }), harmful: 0 } },
      'cannotTell',
    ],
    ['an empty selection is no yes', { matched: 0, counts: { ...counts({}), harmful: 0 } }, 'cannotTell'],
  ])('%s', (_, given, expected) => {
    expect(rolloutSentence(rolloutAnswer(given)).answer).toBe(expected);
  });

  it('names the states that close the ways back, in numerical order', () => {
    const ways = [{ states: ['2', '10'] }, { states: ['2', '18446744073709551615'] }];
    expect(pointOfNoReturn({ matched: 10, noReturn: 3, ways })).toBe(
      '3 of 10 hosts would lose a way back that is open today, ' +
        'because of states 2, 10, 18446744073709551615.',
    );
    expect(pointOfNoReturn({ matched: 10, noReturn: 0, ways: [] })).toBe(
      'No host would lose a way back that is open today.',
    );
  });
});
