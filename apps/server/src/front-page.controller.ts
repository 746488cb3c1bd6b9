import { Controller, Get, Headers, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RULES_VERSION } from './query/snapshot.js';
import { VERSION } from './version.js';

const TITLE = 'Livepatch state registry';

/** What this server has, by its path. Nothing is about the fleet, because anyone may read it. */
const LINKS = {
  'docs/': 'HTTP interface (OpenAPI)',
  'docs/json': 'HTTP interface as JSON',
  'graphql/schema': 'GraphQL schema. Questions are sent to /graphql by POST',
  metrics: 'Metrics for Prometheus',
  readyz: 'Whether this server can answer',
} as const;

const PAGE = `<!doctype html>
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

/** Answers the address of the server: a page of links for a browser, JSON for a program. */
@Controller()
export class FrontPageController {
  @Get()
  read(@Headers('accept') accept: string | undefined, @Res() reply: FastifyReply): void {
    void reply.header('vary', 'accept');
    if (accept?.includes('text/html') === true) void reply.type('text/html; charset=utf-8').send(PAGE);
    else void reply.send({ name: TITLE, version: VERSION, rules: RULES_VERSION, links: LINKS });
  }
}
