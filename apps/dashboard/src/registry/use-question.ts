import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { registry } from './client.js';
import { type Failure, failureOf } from './failure.js';

/** A question and what is known of its answer. */
export interface Question<Data> {
  /** The newest answer. While another one is on its way, it is that of before. */
  readonly data: Data | undefined;
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  /** Asks again. */
  readonly again: () => void;
}

/**
 * Asks a question, and again when its variables change.
 *
 * @param variables null: do not ask yet
 */
export function useQuestion<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
): Question<Data> {
  const [state, setState] = useState<Omit<Question<Data>, 'again'>>({
    data: undefined,
    failure: undefined,
    loading: variables !== null,
  });
  // an answer to an earlier question that comes late is not shown
  const newest = useRef(0);
  const key = variables === null ? null : JSON.stringify(variables);
  const again = useCallback(() => {
    if (key === null) return;
    const number = ++newest.current;
    setState((before) => ({ ...before, loading: true }));
    const ask = async () => {
      const { data, error } = await registry.query(document, JSON.parse(key) as Variables).toPromise();
      if (number !== newest.current) return;
      if (error === undefined) setState({ data: data as Data, failure: undefined, loading: false });
      else setState((before) => ({ data: before.data, failure: failureOf(error), loading: false }));
    };
    void ask();
  }, [document, key]);
  useEffect(() => {
    again();
    return () => {
      newest.current++;
    };
  }, [again]);
  return { ...state, again };
}
