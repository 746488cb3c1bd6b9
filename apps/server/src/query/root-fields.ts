import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

/** A root field, by its name in the schema. */
export interface RootField {
  readonly type: 'Query' | 'Mutation' | 'Subscription';
  readonly name: string;
}

const TYPES = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

/** The root fields of each cached document. */
const known = new WeakMap<DocumentNode, readonly RootField[]>();

/** Returns the root fields of a valid document, each once. */
export function rootFieldsOf(document: DocumentNode): readonly RootField[] {
  const cached = known.get(document);
  if (cached !== undefined) return cached;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const fields = document.definitions.flatMap((definition): RootField[] => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const type = TYPES[definition.operation];
    return [...namesIn(definition.selectionSet, fragments)].map((name) => ({ type, name }));
  });
  known.set(document, fields);
  return fields;
}

function namesIn(
  root: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Set<string> {
  const names = new Set<string>();
  const visited = new Set<SelectionSetNode>();
  const visit = (set: SelectionSetNode): void => {
    // a fragment may be spread more than once, and its fields are the same each time
    if (visited.has(set)) return;
    visited.add(set);
    for (const selection of set.selections)
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else
        visit(
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value)!.selectionSet,
        );
  };
  visit(root);
  return names;
}
