import { useLocation } from 'preact-iso/router';

/** What the address of a view has after `?`. A key that is not there is not set. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/**
 * Writes parameters as an address. What is undefined or empty is left out, and the order is that of `values`.
 */
export function addressOf(path: string, values: Parameters): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    if (value !== undefined && value !== '') search.set(key, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/**
 * The parameters of the present address, and how to change some of them. Everything that a view shows is in
 * them.
 */
export function useParameters(): {
  readonly path: string;
  readonly values: Parameters;
  /** Keeps the others. `replace` leaves no entry in the history: for what a person types. */
  readonly change: (values: Parameters, replace?: boolean) => void;
} {
  const { path, query, route } = useLocation();
  const values = query as Parameters;
  return {
    path,
    values,
    change: (changes, replace = false) => route(addressOf(path, { ...values, ...changes }), replace),
  };
}
