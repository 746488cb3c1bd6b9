import { type ASTNode, type DocumentNode, GraphQLError, Kind, visit } from 'graphql';

/**
 * Returns the error with the argument in its message, if it is about a value in one.
 *
 * graphql-js names the variable of a wrong value, with the place in it, but not the argument of a literal.
 */
export function nameArgument(error: GraphQLError, document: DocumentNode): GraphQLError {
  const value = error.nodes?.[0];
  const place = value === undefined ? null : placeOf(value, document);
  if (place === null) return error;
  const { nodes, originalError, extensions } = error;
  return new GraphQLError(`${place}: ${error.message}`, { nodes, originalError, extensions });
}

/**
 * Returns where a value is, such as `argument "where.labels[0].in" of "hosts"`. Null if it is in no argument.
 */
function placeOf(value: ASTNode, document: DocumentNode): string | null {
  let place: string | null = null;
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (node !== value) return;
      const within = [...ancestors, parent ?? []].filter((each): each is ASTNode => 'kind' in each);
      place = describe(within, node);
    },
  });
  return place;
}

/** @param within the nodes around the value, outermost first */
function describe(within: readonly ASTNode[], value: ASTNode): string | null {
  const field = within.findLastIndex(({ kind }) => kind === Kind.FIELD || kind === Kind.DIRECTIVE);
  const owner = within[field];
  if (owner?.kind !== Kind.FIELD && owner?.kind !== Kind.DIRECTIVE) return null;
  const path = within.slice(field + 1).map((node, i, nodes) => {
    if (node.kind === Kind.ARGUMENT) return node.name.value;
    if (node.kind === Kind.OBJECT_FIELD) return `.${node.name.value}`;
    const inner = nodes[i + 1] ?? value;
    return node.kind === Kind.LIST ? `[${node.values.findIndex((each) => each === inner)}]` : '';
  });
  const argument = path.join('');
  // a field or a fragment is in no argument
  return argument === '' ? null : `argument "${argument}" of "${owner.name.value}"`;
}
