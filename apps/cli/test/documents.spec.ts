import { parse, validate } from 'graphql';
import * as documents from '../src/registry/documents.js';
import type { Document } from '../src/registry/documents.js';
import { madeUpAnswer, schema } from './made-up.js';

const all: [string, Document<unknown>][] = Object.entries(documents);

test.each(all)('%s is a question that the schema allows', (_name, { text }) => {
  expect(validate(schema, parse(text)).map((error) => error.message)).toEqual([]);
});

test.each(all)('%s reads every answer that the schema allows, and exactly the fields that it asks for', (_name, { text, answer }) => {
  for (const nulls of [false, true]) {
    const made = madeUpAnswer(text, { nulls });
    expect(answer(made, '')).toEqual(made);
  }
});

test('an unknown enum value is no answer if a decision depends on it', () => {
  const made = madeUpAnswer(documents.CAN_DOWNGRADE.text) as { canDowngrade: { kind: string } };
  made.canDowngrade.kind = 'PROBABLY';
  expect(() => documents.CAN_DOWNGRADE.answer(made, '')).toThrow('canDowngrade.kind should be one of SAFE, UNKNOWN, UNSAFE, REFUSED, found "PROBABLY"');
});

test('a state id as a number is no answer: it may have been rounded', () => {
  const states = (stateId: unknown) => ({ states: { nodes: [{ stateId, versions: [] }], totalCount: 1, pageInfo: { hasNextPage: false, endCursor: null } } });
  for (const id of ['18446744073709551615', '9007199254740993', '9007199254740992'])
    expect(documents.STATES.answer(states(id), '').states.nodes[0]!.stateId).toBe(id);
  expect(() => documents.STATES.answer(states(2 ** 53), '')).toThrow('unsigned 64-bit number as text');
});
