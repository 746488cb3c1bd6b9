import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useState } from 'preact/hooks';
import { registry } from './client.js';
import { type Failure, failureOf } from './failure.js';

/** A change and what became of it. */
export interface Change<Variables> {
  readonly busy: boolean;
  readonly failure: Failure | undefined;
  /** Makes the change. True: the registry made it. */
  readonly make: (variables: Variables) => Promise<boolean>;
}

/**
 * Makes a change in the registry, once for each press of a button.
 *
 * @param done gets the answer
 */
export function useChange<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  done: (data: Data) => void,
): Change<Variables> {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const make = async (variables: Variables) => {
    if (busy) return false;
    setBusy(true);
    setFailure(undefined);
    const { data, error } = await registry.mutation(document, variables).toPromise();
    setBusy(false);
    if (error !== undefined || data === undefined) {
      setFailure(error && failureOf(error));
      return false;
    }
    done(data);
    return true;
  };
  return { busy, failure, make };
}
