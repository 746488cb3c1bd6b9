import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { registry } from './client.js';
import { type Failure, failureOf } from './failure.js';
import type { Page } from './use-pages.js';

/** Rows beyond this are not loaded, because a person selects instead, and the page must stay small. */
export const MOST_ROWS = 5000;

/** What is loaded of a list. */
export interface List<Row> {
  readonly rows: readonly Row[];
  readonly total: number | null;
  readonly hasMore: boolean;
  readonly loading: boolean;
  readonly failure: Failure | undefined;
  /** Loads the next page. */
  readonly more: () => void;
  /** Begins again with the first page. */
  readonly restart: () => void;
}

type Loaded<Row> = Omit<List<Row>, 'more' | 'restart'>;

const NONE = { rows: [], total: null, hasMore: true, loading: false, failure: undefined };

/**
 * Loads a list page by page, as it is read. It begins again when its variables change.
 *
 * @param variables null: do not ask yet
 * @param pick returns the connection of an answer
 */
export function useList<Row, Data, Variables extends AnyVariables & { after?: string | null | undefined }>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'after'> | null,
  pick: (data: Data) => Page<Row>,
): List<Row> {
  const [pages, setPages] = useState<Loaded<Row>>(NONE);
  const list = useRef({ number: 0, cursor: null as string | null, loading: false });
  const key = variables === null ? null : JSON.stringify(variables);

  const load = useCallback(
    async (after: string | null) => {
      if (key === null) return setPages(NONE);
      const { number } = list.current;
      list.current.loading = true;
      setPages((before) => ({ ...before, loading: true, failure: undefined }));
      const asked = { ...(JSON.parse(key) as object), after } as unknown as Variables;
      const { data, error } = await registry.query(document, asked).toPromise();
      if (number !== list.current.number) return;
      list.current.loading = false;
      if (error !== undefined || data === undefined) {
        setPages((before) => ({
          ...before,
          loading: false,
          failure: error && failureOf(error),
        }));
        return;
      }
      const { nodes, totalCount, pageInfo } = pick(data);
      list.current.cursor = pageInfo.endCursor;
      setPages((before) => ({
        rows: after === null ? nodes : [...before.rows, ...nodes],
        total: totalCount,
        hasMore: pageInfo.hasNextPage,
        loading: false,
        failure: undefined,
      }));
    },
    [document, key],
  );
  const restart = useCallback(() => {
    list.current = { number: list.current.number + 1, cursor: null, loading: false };
    void load(null);
  }, [load]);
  useEffect(() => {
    restart();
    return () => {
      list.current.number++;
    };
  }, [restart]);

  return {
    ...pages,
    hasMore: pages.hasMore && pages.rows.length < MOST_ROWS,
    restart,
    more: () => {
      if (!list.current.loading && pages.hasMore && pages.rows.length < MOST_ROWS)
        void load(list.current.cursor);
    },
  };
}
