import { RULES_VERSION } from '../query/snapshot.js';
import { VERSION } from '../version.js';

const TITLE = 'Livepatch state registry';

/** What this server has, by its path. Nothing is about the fleet, because anyone may read it. */
const LINKS = {
  'docs/': 'HTTP interface (OpenAPI)',
  'docs/json': 'HTTP interface as JSON',
  'graphql/schema': 'GraphQL schema. Questions are sent to /graphql by POST',
  metrics: 'Metrics for Prometheus',
  readyz: 'Whether this server can answer',
} as const;

/** What a server is, for programs. */
export const frontPageJson = (about: { readonly dashboard: boolean; readonly graphiql: boolean }) => ({
  name: TITLE,
  version: VERSION,
  rules: RULES_VERSION,
  ...about,
  links: LINKS,
});

/** The page of a server without the dashboard. */
export const LINKS_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${TITLE}</title>
<h1>${TITLE}</h1>
<p>Version ${VERSION}. It tells whether hosts can go back to an earlier kernel livepatch, and why not.</p>
<ul>
${Object.entries(LINKS)
  .map(([path, text]) => `<li><a href="${path}">${text}</a></li>`)
  .join('\n')}
</ul>
<p>README.md of the source tells how to begin. The command line is <code>klpreg help</code>.</p>
</html>
`;
