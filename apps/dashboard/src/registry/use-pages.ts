import type { TypedDocumentNode } from '@urql/core';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { registry } from './client.js';
import { failureOf } from './failure.js';
import type { Question } from './use-question.js';

/** A page of a connection, as every connection of the registry has it. */
export interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The items of all pages. */
export interface Pages<Node> {
  readonly nodes: readonly Node[];
  /** The number of items, of which those beyond the maximum are not loaded. */
  readonly total: number;
}

/**
 * Asks for one page after the other, until all are there, or `most` items.
 *
 * @param variables without the cursor; null: do not ask yet
 * @param pageOf the connection in an answer
 */
export function usePages<Data, Node, Variables extends { readonly after?: string | null | undefined }>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'after'> | null,
  pageOf: (data: Data) => Page<Node>,
  most: number,
): Question<Pages<Node>> {
  const [state, setState] = useState<Omit<Question<Pages<Node>>, 'again'>>({
    data: undefined,
    failure: undefined,
    loading: variables !== null,
  });
  const newest = useRef(0);
  const key = variables === null ? null : JSON.stringify(variables);
  const again = useCallback(() => {
    if (key === null) return;
    const number = ++newest.current;
    setState((before) => ({ ...before, loading: true }));
    const ask = async () => {
      const nodes: Node[] = [];
      let page: Page<Node> | undefined;
      do {
        const all = { ...(JSON.parse(key) as Variables), after: page?.pageInfo.endCursor ?? null };
        const { data, error } = await registry.query(document, all).toPromise();
        if (number !== newest.current) return;
        if (error !== undefined) {
          setState((before) => ({ data: before.data, failure: failureOf(error), loading: false }));
          return;
        }
        page = pageOf(data as Data);
        nodes.push(...page.nodes);
      } while (page.pageInfo.hasNextPage && nodes.length < most);
      setState({ data: { nodes, total: page.totalCount }, failure: undefined, loading: false });
    };
    void ask();
  }, [document, key, pageOf, most]);
  useEffect(() => {
    again();
    return () => {
      newest.current++;
    };
  }, [again]);
  return { ...state, again };
}
