import * as operations from '../src/registry/generated/operations.js';
import type { Operation } from '../src/registry/operation.js';
import { checked } from '../src/registry/shape.js';
import { madeUpAnswer } from './made-up.js';

const all: [string, Operation<unknown, never>][] = Object.entries(operations);

test.each(all)(
  '%s reads every answer that the schema allows, and exactly its fields',
  (_name, { text, answer }) => {
    for (const nulls of [false, true]) {
      const made = madeUpAnswer(text, { nulls });
      expect(checked(answer, made)).toEqual(made);
    }
  },
);

test('an unknown enum value is no answer if a decision depends on it', () => {
  const made = madeUpAnswer(operations.CAN_DOWNGRADE.text) as { canDowngrade: { kind: string } };
  made.canDowngrade.kind = 'PROBABLY';
  expect(() => checked(operations.CAN_DOWNGRADE.answer, made)).toThrow(
    'canDowngrade.kind should be one of SAFE, UNKNOWN, UNSAFE, REFUSED, found "PROBABLY"',
  );
});

test('another unknown enum value is shown as it is', () => {
  const made = madeUpAnswer(operations.HOSTS.text) as {
    hosts: { nodes: { freshness: { level: string } }[] };
  };
  made.hosts.nodes[0]!.freshness.level = 'ANCIENT';
  expect(checked(operations.HOSTS.answer, made)).toEqual(made);
});

test('the code of a newer registry is shown as it is', () => {
  const made = madeUpAnswer(operations.CAN_DOWNGRADE.text) as {
    canDowngrade: {
      reasons: { nodes: { reason: { code: string; errno: string; routes: string[] } }[] };
      cohorts: { nodes: { verdict: { steps: { action: string }[]; allowed: string[] } }[] };
    };
  };
  const { reasons, cohorts } = made.canDowngrade;
  Object.assign(reasons.nodes[0]!.reason, {
    code: 'A_NEW_CODE',
    errno: 'A_NEW_ERRNO',
    routes: ['A_NEW_ROUTE'],
  });
  Object.assign(cohorts.nodes[0]!.verdict, { allowed: ['A_NEW_CODE'] });
  cohorts.nodes[0]!.verdict.steps[0]!.action = 'A_NEW_STEP';
  expect(checked(operations.CAN_DOWNGRADE.answer, made)).toEqual(made);
});

test('a state id as a number is no answer: it may have been rounded', () => {
  const states = (stateId: unknown) => ({
    states: {
      nodes: [{ stateId, versions: [] }],
      totalCount: 1,
      pageInfo: { hasNextPage: false, endCursor: null },
    },
  });
  for (const id of ['18446744073709551615', '9007199254740993', '9007199254740992'])
    expect(checked(operations.STATES.answer, states(id))).toEqual(states(id));
  expect(() => checked(operations.STATES.answer, states(2 ** 53))).toThrow('unsigned 64-bit number as text');
});
