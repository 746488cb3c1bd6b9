const KEY = 'klpreg.token';

/** Returns the token of this tab; null: none. It is never stored beyond the session of the tab. */
export const storedToken = (): string | null => sessionStorage.getItem(KEY);

/** Keeps a token for this tab. Null forgets it. */
export function storeToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}
