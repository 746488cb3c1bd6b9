// A plugin of graphql-codegen: writes each operation as a constant. For klpreg it has the text, and the shape of
// the answer: the CLI checks answers against the shape, because a gate acts on them. For the dashboard it is the
// text, typed as urql expects it (`config.typedText`).

import {
  getNamedType,
  GraphQLEnumType,
  isListType,
  isNonNullType,
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql';

const SCALARS = { Boolean: 'flag', Int: 'whole', UInt32: 'whole', Float: 'measure', UInt64: 'uint64' };

/** Returns the shape of a field's value. Nullable fields and lists wrap the shape of their content. */
function shapeOf(type, selectionSet, fragments) {
  if (!isNonNullType(type)) return { nullable: shapeOfNonNull(type, selectionSet, fragments) };
  return shapeOfNonNull(type.ofType, selectionSet, fragments);
}

function shapeOfNonNull(type, selectionSet, fragments) {
  if (isListType(type)) return { list: shapeOf(type.ofType, selectionSet, fragments) };
  if (selectionSet !== undefined) return { fields: fieldsOf(type, selectionSet, fragments) };
  if (type instanceof GraphQLEnumType) return { oneOf: type.getValues().map(({ name }) => name) };
  return SCALARS[getNamedType(type).name] ?? 'text';
}

const fieldsOf = (type, selectionSet, fragments) =>
  Object.assign(
    {},
    ...selectionSet.selections.map((selection) =>
      selection.kind === Kind.FRAGMENT_SPREAD
        ? fieldsOf(type, fragments.get(selection.name.value).selectionSet, fragments)
        : {
            [(selection.alias ?? selection.name).value]: shapeOf(
              type.getFields()[selection.name.value].type,
              selection.selectionSet,
              fragments,
            ),
          },
    ),
  );

/** Returns the fragments that a definition uses, directly or through others. */
function fragmentsIn(definition, fragments, found = new Set()) {
  visit(definition, {
    FragmentSpread: ({ name }) => {
      if (found.has(name.value)) return;
      found.add(name.value);
      fragmentsIn(fragments.get(name.value), fragments, found);
    },
  });
  return found;
}

/** `CanDowngrade` becomes `CAN_DOWNGRADE`. */
const constantOf = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

export function plugin(schema, documents, { typedText = false }) {
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const fragments = new Map(
    definitions
      .filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
      .map((each) => [each.name.value, each]),
  );
  const constants = definitions
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map((operation) => {
      const name = operation.name.value;
      const used = [...fragmentsIn(operation, fragments)].map((each) => fragments.get(each));
      const text = stripIgnoredCharacters([operation, ...used].map(print).join('\n'));
      const types = `<${name}, ${name}Variables>`;
      if (typedText)
        return `export const ${constantOf(name)} = ${JSON.stringify(text)} as unknown as TypedDocumentNode${types};`;
      const answer = {
        fields: fieldsOf(schema.getRootType(operation.operation), operation.selectionSet, fragments),
      };
      return `export const ${constantOf(name)}: Operation${types} = ${JSON.stringify({ name, text, answer })};`;
    });
  const type = typedText
    ? "import type { TypedDocumentNode } from '@urql/core';"
    : "import type { Operation } from '../operation.js';";
  return { prepend: [type], content: constants.join('\n\n') };
}
