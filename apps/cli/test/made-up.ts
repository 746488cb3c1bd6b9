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
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** The schema of the registry. */
const schema: GraphQLSchema = buildSchema(
  readFileSync(path.join(__dirname, '../../server/schema.graphql'), 'utf8'),
);

/** The values of a made-up answer. */
interface Stuff {
  /** Every nullable field is null. */
  readonly nulls?: boolean;
  /** The fields of the query itself are not null. */
  readonly answered?: boolean;
  /** The value of every text. */
  readonly text?: string;
}

/** Returns an answer to an operation, in the shape that the schema defines. */
export function madeUpAnswer(question: string, stuff: Stuff = {}): Record<string, unknown> {
  const { definitions } = parse(question);
  const operation = definitions[0]!;
  if (operation.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const fragments = Object.fromEntries(
    definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each.selectionSet] as const] : [],
    ),
  );
  const selection = withoutFragments(operation.selectionSet, fragments);
  return madeUp(schema.getRootType(operation.operation)!, selection, stuff) as Record<string, unknown>;
}

/** Replaces the fragments of a selection by their fields. */
function withoutFragments(
  selection: SelectionSetNode,
  fragments: Readonly<Record<string, SelectionSetNode>>,
): SelectionSetNode {
  const selections = selection.selections.flatMap((field): readonly SelectionNode[] => {
    if (field.kind === Kind.FRAGMENT_SPREAD)
      return withoutFragments(fragments[field.name.value]!, fragments).selections;
    if (field.kind !== Kind.FIELD || field.selectionSet === undefined) return [field];
    return [{ ...field, selectionSet: withoutFragments(field.selectionSet, fragments) }];
  });
  return { ...selection, selections };
}

function madeUp(type: GraphQLOutputType, selection: SelectionSetNode | undefined, stuff: Stuff): unknown {
  if (stuff.nulls && !isNonNullType(type) && !isObjectType(type)) return null;
  const bare = getNullableType(type);
  if (isListType(bare)) return [madeUp(bare.ofType, selection, stuff)];
  const named = getNamedType(bare);
  if (isEnumType(named)) return named.getValues()[0]!.value;
  if (!isObjectType(named))
    return (
      { Boolean: true, Int: 3, Float: 1.5, UInt32: 4294967295, UInt64: '18446744073709551615' }[named.name] ??
      stuff.text ??
      'text'
    );
  return Object.fromEntries(
    selection!.selections.map((field) => {
      if (field.kind !== Kind.FIELD) throw new Error('inline fragments are not supported');
      const fieldType = named.getFields()[field.name.value]!.type;
      const isNull = stuff.nulls && stuff.answered !== true && !isNonNullType(fieldType);
      const within = { ...stuff, answered: false };
      const value = isNull ? null : madeUp(fieldType, field.selectionSet, within);
      return [field.alias?.value ?? field.name.value, value];
    }),
  );
}
