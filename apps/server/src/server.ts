import { type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import multipart from '@fastify/multipart';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Access } from './access/access.js';
import { Agents } from './access/agents.js';
import { Accounts } from './access/oidc/accounts.js';
import { Enrolment } from './access/enrolment.js';
import { guardRoutes } from './access/guard-routes.js';
import { Rates } from './access/rates.js';
import { AppModule } from './app.module.js';
import { Clock } from './clock.js';
import type { Config } from './config.js';
import { pageRoutes } from './dashboard/page-routes.js';
import { serveOpenApi } from './openapi.js';
import { sendProblem } from './problem.filter.js';
import { setSecurityHeaders } from './response-headers.js';
import { keepCertificate, useTls } from './tls/https.js';
import { refuseOtherHosts } from './allowed-hosts.js';
import { refuseOtherOrigins } from './allowed-origins.js';
import { connectionLimits } from './connection-errors.js';
import { refuseLargeJson } from './json-size.js';
import { AUTHOR_LIMIT, BODY_LIMITS, MODULE_LIMIT } from './limits.js';
import { Listeners } from './listeners.js';
import { jsonLines, OneLineLogger } from './log-lines.js';
import { QuestionMetrics } from './metrics/questions.js';
import { SubscriptionMetrics } from './metrics/subscriptions.js';
import { graphqlOverHttp } from './query/graphql-http.js';
import { guardFields } from './query/guard-fields.js';
import { PersistedDocuments } from './query/persisted-documents.js';
import { serveSubscriptions } from './query/subscriptions/serve-subscriptions.js';
import { limitTime } from './query/time-limit.js';
import { Admission } from './ingest/admission.js';
import { agentRoutes } from './ingest/agent-routes.js';
import { Endpoints } from './ingest/endpoints.js';
import { enrolmentRoutes } from './ingest/enrolment-routes.js';
import { acceptGzip } from './ingest/gzip.js';
import { guardPublishing } from './ingest/publishing/before-upload.js';
import { Uploads } from './ingest/publishing/uploads.js';

const nestLogger = (level: Config['logLevel']): OneLineLogger | false => {
  const order: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];
  const at = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'].indexOf(level);
  return at < 0 ? false : new OneLineLogger(order.slice(0, at + 1));
};

/** Gives every route the same error handler. GraphQL has its own error format. */
function answerProblems(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (route.url !== '/graphql') route.errorHandler = sendProblem;
  });
}

/**
 * Measures JSON before it is parsed. Facts of a patch stay bytes, because large ones are parsed in the worker
 * thread.
 */
function measureJsonFirst(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (request.url.startsWith('/v1/')) return done(null, body);
    const text = body.toString('utf8');
    try {
      refuseLargeJson(text);
    } catch (error) {
      return done(error as Error);
    }
    void parse(request, text, done);
  });
}

/** Puts the server together, ready to listen or to be tested. */
export async function createServer(
  config: Config,
  databaseUrl: string,
  clock?: Clock,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMITS.other,
    // without any, the address of a sender is that of its connection
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    ...useTls(connectionLimits(config.requestTimeoutSeconds * 1000), config.tls),
    logger: config.logLevel === 'silent' ? false : { level: config.logLevel, stream: jsonLines },
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    // closing waits for all answers
    pluginTimeout: 0,
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  answerProblems(fastify);
  setSecurityHeaders(fastify, { tls: config.tls !== null });
  refuseOtherHosts(fastify, config.allowedHosts);
  refuseOtherOrigins(fastify, config.allowedOrigins);
  measureJsonFirst(fastify);
  const questions = graphqlOverHttp(
    fastify,
    PersistedDocuments.read(config.documents.folder, config.documents.only),
  );
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(config, databaseUrl, clock ?? null),
    adapter,
    {
      logger: nestLogger(config.logLevel),
      // Fastify parses JSON, and Nest's parser would also accept URL-encoded forms
      bodyParser: false,
      bufferLogs: false,
    },
  );
  guardRoutes(fastify, app.get(Access));
  guardFields(fastify, app.get(Access));
  limitTime(fastify, config.questionSeconds);
  app.get(QuestionMetrics).watch(fastify);
  const subscriptions = serveSubscriptions(fastify, app.get(Access), questions, config.subscriptions);
  app.get(SubscriptionMetrics).watch(subscriptions);
  app.get(Listeners).attach(fastify);
  keepCertificate(fastify, config.tls);
  const rates = app.get(Rates);
  const [admission, endpoints] = [app.get(Admission), app.get(Endpoints)];
  const [agents, enrolment, time] = [app.get(Agents), app.get(Enrolment), app.get(Clock)];
  acceptGzip(fastify, admission.bodies);
  guardPublishing(fastify, app.get(Uploads));
  void fastify.register(agentRoutes, { endpoints, admission, agents });
  void fastify.register(enrolmentRoutes, {
    enrolment,
    clock: time,
    rates,
    retrySeconds: config.intervalSeconds,
  });
  const accounts = app.get(Accounts);
  void fastify.register(pageRoutes, { config, issuerOrigins: () => accounts.issuerOrigins() });
  await app.register(multipart as never, {
    limits: {
      fileSize: MODULE_LIMIT,
      files: 2,
      fields: 8,
      parts: 10,
      fieldNameSize: 100,
      fieldSize: AUTHOR_LIMIT,
      headerPairs: 20,
    },
  });
  // plain text gets 415
  fastify.removeContentTypeParser('text/plain');
  serveOpenApi(app);
  return app;
}
