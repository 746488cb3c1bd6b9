import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import * as documents from '../src/registry/documents.js';
import type { Document } from '../src/registry/documents.js';

const schema: GraphQLSchema = buildSchema(readFileSync(path.join(__dirname, '../../server/schema.graphql'), 'utf8'));
const all: [string, Document<unknown>][] = Object.entries(documents);

test.each(all)('%s is a question that the schema allows', (_name, { text }) => {
  expect(validate(schema, parse(text)).map((error) => error.message)).toEqual([]);
});

test.each(all)('%s reads every answer that the schema allows, and exactly the fields that it asks for', (_name, { text, answer }) => {
  const operation = parse(text).definitions[0]!;
  if (operation.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const root = schema.getRootType(operation.operation)!;
  for (const nulls of [false, true]) {
    const made = madeUp(root, operation.selectionSet, nulls);
    expect(answer(made, '')).toEqual(made);
  }
});

test('an enum value that this program does not know is no answer where a decision rests on it', () => {
  const made = madeUp(schema.getQueryType()!, selectionOf(documents.CAN_DOWNGRADE.text), false) as { canDowngrade: { kind: string } };
  made.canDowngrade.kind = 'PROBABLY';
  expect(() => documents.CAN_DOWNGRADE.answer(made, '')).toThrow('canDowngrade.kind should be one of SAFE, UNKNOWN, UNSAFE, REFUSED, found "PROBABLY"');
});

test('a state id that came as a number is no answer: it may have been rounded', () => {
  const states = (stateId: unknown) => ({ states: { nodes: [{ stateId, versions: [] }], totalCount: 1, pageInfo: { hasNextPage: false, endCursor: null } } });
  for (const id of ['18446744073709551615', '9007199254740993', '9007199254740992'])
    expect(documents.STATES.answer(states(id), '').states.nodes[0]!.stateId).toBe(id);
  expect(() => documents.STATES.answer(states(2 ** 53), '')).toThrow('unsigned 64-bit number as text');
});

function selectionOf(text: string): SelectionSetNode {
  const [operation] = parse(text).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  return operation.selectionSet;
}

/** An answer of the right shape: with every nullable field null, or with none. */
function madeUp(type: GraphQLOutputType, selection: SelectionSetNode | undefined, nulls: boolean): unknown {
  if (nulls && !isNonNullType(type) && !isObjectType(type)) return null;
  const bare = getNullableType(type);
  if (isListType(bare)) return [madeUp(bare.ofType, selection, nulls)];
  const named = getNamedType(bare);
  if (isEnumType(named)) return named.getValues()[0]!.value;
  if (!isObjectType(named)) return { Boolean: true, Int: 3, Float: 1.5, UInt32: 4294967295, UInt64: '18446744073709551615' }[named.name] ?? 'text';
  return Object.fromEntries(
    selection!.selections.map((field) => {
      if (field.kind !== Kind.FIELD) throw new Error('only fields are asked for');
      const fieldType = named.getFields()[field.name.value]!.type;
      const value = nulls && !isNonNullType(fieldType) ? null : madeUp(fieldType, field.selectionSet, nulls);
      return [field.alias?.value ?? field.name.value, value];
    }),
  );
}
