/** A document and its variables, as JSON; undefined: the address has none. */
export interface LinkedDocument {
  readonly query: string | undefined;
  readonly variables: string | undefined;
}

/** Reads the document of an address such as `/graphiql?query=…&variables=…`. */
export function linkedDocument(search: string): LinkedDocument {
  const parameters = new URLSearchParams(search);
  return {
    query: parameters.get('query') ?? undefined,
    variables: parameters.get('variables') ?? undefined,
  };
}

/** Returns the address that opens a document. */
export const addressOf = (query: string): string => `/graphiql?${new URLSearchParams({ query }).toString()}`;
