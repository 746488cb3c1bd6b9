import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { RequestError } from '../errors.js';
import { frontPageJson, LINKS_PAGE } from './front-page.js';
import { dashboardHeaders, GRAPHIQL_HEADERS } from './page-headers.js';

export interface PageRoutesOptions {
  readonly config: Pick<Config, 'dashboard' | 'graphiql' | 'pageFolder'>;
  /** The origins of the OpenID Connect issuer, as far as they are known now. */
  readonly issuerOrigins: () => readonly string[];
}

/** The addresses of the dashboard's views. The page itself reads them. */
const VIEWS = [
  '/back',
  '/rollout',
  '/matrix',
  '/states',
  '/hosts',
  '/hosts/:id',
  '/catalog',
  '/catalog/:buildId',
  '/decisions',
  '/decisions/:id',
  '/admin',
  // where an OpenID Connect issuer sends people back to
  '/signed-in',
];

const BUILD = 'is not built: run npm run build:page, and start the server again';

/**
 * Serves the dashboard, GraphiQL, and their files.
 *
 * The answer to `GET /` is the page for a browser, and JSON for a program. Files have a hash of their content
 * in their name, so that browsers keep them for a year.
 */
export const pageRoutes: FastifyPluginAsync<PageRoutesOptions> = async (scope, options) => {
  const { dashboard, graphiql, pageFolder } = options.config;
  const isBuilt = existsSync(path.join(pageFolder, 'index.html'));
  const has = { dashboard: isBuilt && dashboard, graphiql: isBuilt && graphiql };
  await scope.register(fastifyStatic, {
    root: pageFolder,
    serve: false,
    suppressWarning: true,
    preCompressed: true,
    dotfiles: 'ignore',
    index: false,
    cacheControl: false,
  });

  const sendDashboard = (reply: FastifyReply): FastifyReply =>
    reply.headers(dashboardHeaders(options.issuerOrigins())).sendFile('index.html');

  scope.get('/', (request, reply) => {
    void reply.header('vary', 'accept');
    if (!wantsPage(request)) return reply.send(frontPageJson(has));
    return has.dashboard ? sendDashboard(reply) : reply.type('text/html; charset=utf-8').send(LINKS_PAGE);
  });
  for (const view of VIEWS)
    scope.get(view, (_request, reply) => {
      requirePage('the dashboard', 'KLPREG_DASHBOARD', dashboard, isBuilt);
      return sendDashboard(reply);
    });
  scope.get('/graphiql', (_request, reply) => {
    requirePage('GraphiQL', 'KLPREG_GRAPHIQL', graphiql, isBuilt);
    return reply.headers(GRAPHIQL_HEADERS).sendFile('graphiql.html');
  });
  scope.get('/icon.svg', (_request, reply) => reply.header('cache-control', 'no-cache').sendFile('icon.svg'));
  scope.get<{ Params: { file: string } }>('/assets/:file', ({ params: { file } }, reply) =>
    // a file that begins with a dot, or is in another folder, is none of the page's
    /^\w[\w.-]*$/.test(file)
      ? reply.sendFile(`assets/${file}`, { cacheControl: true, maxAge: '365d', immutable: true })
      : reply.callNotFound(),
  );
};

const wantsPage = ({ headers }: FastifyRequest): boolean => headers.accept?.includes('text/html') === true;

/** @throws RequestError NOT_FOUND if a page is switched off or was not built */
function requirePage(name: string, setting: string, isOn: boolean, isBuilt: boolean): void {
  if (isOn && isBuilt) return;
  throw new RequestError('NOT_FOUND', `${name} ${isOn ? BUILD : `is switched off (${setting}=off)`}`);
}
