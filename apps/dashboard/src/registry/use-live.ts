import type { TypedDocumentNode } from '@urql/core';
import { useEffect } from 'preact/hooks';
import { registry } from './client.js';

/** Events sooner after each other than this are one. */
const GATHER_MS = 2000;
/** How often the page asks while it has no subscription. */
const POLL_MS = 30_000;

/**
 * Calls `changed` soon after each event of a subscription. While there is none (a proxy blocks it, or the
 * registry restarts), calls it every 30 s, and subscribes again.
 *
 * @param variables null: do not subscribe
 */
export function useLive<Data, Variables extends object>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
  changed: () => void,
): void {
  const key = variables === null ? null : JSON.stringify(variables);
  useEffect(() => {
    if (key === null) return undefined;
    let soon: ReturnType<typeof setTimeout> | undefined;
    let later: ReturnType<typeof setTimeout> | undefined;
    let subscription: { unsubscribe: () => void } | undefined;
    const note = () => {
      // a page that is not visible asks when it is looked at again
      soon ??= setTimeout(() => {
        soon = undefined;
        if (!globalThis.document.hidden) changed();
      }, GATHER_MS);
    };
    const subscribe = () => {
      subscription?.unsubscribe();
      subscription = registry
        .subscription(document, JSON.parse(key) as Variables)
        .subscribe(({ error, hasNext }) => {
          if (error === undefined) note();
          if (error !== undefined || !hasNext) wait();
        });
    };
    const wait = () => {
      later ??= setTimeout(() => {
        later = undefined;
        note();
        subscribe();
      }, POLL_MS);
    };
    const look = () => {
      if (!globalThis.document.hidden) note();
    };
    subscribe();
    globalThis.document.addEventListener('visibilitychange', look);
    return () => {
      subscription?.unsubscribe();
      clearTimeout(soon);
      clearTimeout(later);
      globalThis.document.removeEventListener('visibilitychange', look);
    };
  }, [document, key, changed]);
}
