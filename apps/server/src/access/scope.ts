import type { Scope } from '../store/access/tokens.store.js';

/**
 * Whether each host of the inner scope is also one of the outer scope. It compares the scopes, not the hosts.
 */
export function isWithin(inner: Scope | null, outer: Scope | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  return Object.entries(outer).every(([key, allowed]) => {
    const values = Object.hasOwn(inner, key) ? inner[key]! : null;
    return values !== null && values.every((value) => allowed.includes(value));
  });
}
