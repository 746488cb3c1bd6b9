/**
 * A page may load what is the server's own. Its scripts and styles are in files, never in the page. The
 * decoder of modules that are packed with xz is WebAssembly.
 */
const PAGE_POLICY = {
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'font-src': "'self'",
  'form-action': "'self'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
};
type Policy = typeof PAGE_POLICY;

/** GraphiQL has its fonts in its style sheet, and its dialogs add a style element. */
const GRAPHIQL_POLICY: Policy = {
  ...PAGE_POLICY,
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'font-src': "'self' data:",
};

/**
 * Returns the headers of the dashboard.
 *
 * @param origins of the OpenID Connect issuer, which the page asks for a token
 */
export const dashboardHeaders = (origins: readonly string[]): Record<string, string> =>
  headersOf({ ...PAGE_POLICY, 'connect-src': ["'self'", ...origins].join(' ') });

/** The headers of GraphiQL. */
export const GRAPHIQL_HEADERS = headersOf(GRAPHIQL_POLICY);

/** A browser keeps a page, and asks each time whether it still holds. */
function headersOf(policy: Policy): Record<string, string> {
  return {
    'cache-control': 'no-cache',
    'content-security-policy': Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    'cross-origin-opener-policy': 'same-origin',
  };
}
