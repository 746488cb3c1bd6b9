import { EnrolmentRequest, RenewalRequest } from '@klpreg/wire';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Enrolment } from '../access/enrolment.js';
import type { IssuedCredential } from '../access/host-credentials.js';
import type { Rates } from '../access/rates.js';
import type { Clock } from '../clock.js';
import { overloaded, problemDetails, RequestError } from '../errors.js';
import { refuseLargeJson } from '../json-size.js';
import { BODY_LIMITS } from '../limits.js';
import type { EnrolmentAnswer } from './answers.js';
import { parseJson, textOf } from './messages.js';
import { parse } from './parse.js';

export interface EnrolmentRoutesOptions {
  readonly enrolment: Enrolment;
  readonly clock: Clock;
  readonly rates: Rates;
  /** After how many seconds a host that waits for an admin asks again. */
  readonly retrySeconds: number;
}

type Work = (request: FastifyRequest, reply: FastifyReply) => Promise<EnrolmentAnswer>;

/**
 * Maximum number of requests of a route in progress: each is a transaction, and its sender may have no token.
 */
const MAX_IN_PROGRESS = 64;
/** Range of `Retry-After` beyond it. */
const [MIN_RETRY_SECONDS, MAX_RETRY_SECONDS] = [5, 60];

/**
 * `POST /v1/enrolments`: an enrolment token for the first credential of a host.
 * `POST /v1/credentials`: the key of an enrolled host for its next credential.
 *
 * Each answer has the header `klpreg-time`: an agent with a wrong clock signs again with the registry's time.
 */
export const enrolmentRoutes: FastifyPluginAsync<EnrolmentRoutesOptions> = async (scope, options) => {
  const { enrolment, clock, rates, retrySeconds } = options;
  scope.addHook('onSend', (_request, reply, _payload, done) => {
    void reply.header('klpreg-time', clock.now().toISOString()).header('cache-control', 'no-store');
    done();
  });

  /**
   * Adds a route. Each has its own places, so that guesses of enrolment tokens keep no host from renewing.
   * Renewals have no rate: a fleet behind one address renews at once.
   */
  const addRoute = (url: string, work: Work): void => {
    let inProgress = 0;
    scope.post(
      url,
      {
        bodyLimit: BODY_LIMITS.enrolment,
        // before a body is read: after an outage, a whole fleet renews
        onRequest: (request, reply, done) => {
          if (inProgress < MAX_IN_PROGRESS) done();
          else void reject(request, reply);
        },
      },
      // a request counts once its whole body is there
      async (request, reply) => {
        if (inProgress >= MAX_IN_PROGRESS) return reject(request, reply);
        inProgress += 1;
        try {
          return await work(request, reply);
        } catch (error) {
          throw rates.refused(request, error as Error);
        } finally {
          inProgress -= 1;
        }
      },
    );
  };

  addRoute('/v1/enrolments', async (request, reply) => {
    const token = await enrolment.token(bearerOf(request));
    const document = parse(EnrolmentRequest, bodyOf(request), 'enrolment request');
    const issued = await enrolment.enrol(document, token, request.ip);
    return answer(reply, document.instance, issued, 'ENROLLED', retrySeconds);
  });
  addRoute('/v1/credentials', async (request, reply) => {
    const document = parse(RenewalRequest, bodyOf(request), 'renewal request');
    return answer(reply, document.instance, await enrolment.renew(document), 'RENEWED', retrySeconds);
  });
};

/** Answers 503. The times of retries are spread. */
function reject(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const seconds = Math.ceil(MIN_RETRY_SECONDS + Math.random() * (MAX_RETRY_SECONDS - MIN_RETRY_SECONDS));
  return reply
    .code(503)
    .headers({ 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': String(seconds) })
    .send(JSON.stringify({ ...problemDetails(overloaded()), instance: request.url }));
}

function bearerOf({ headers }: FastifyRequest): string {
  const token = /^Bearer ([\w-]{1,512})$/i.exec(headers.authorization ?? '')?.[1];
  if (token !== undefined) return token;
  const text = 'this needs an enrolment token: send the header "Authorization: Bearer TOKEN"';
  throw new RequestError('UNAUTHENTICATED', text);
}

function bodyOf({ body }: FastifyRequest): unknown {
  const text = textOf((body as Uint8Array | undefined) ?? new Uint8Array());
  refuseLargeJson(text);
  return parseJson(text);
}

/** Answers 200 with the credential, or 202 if the enrolment waits for an admin. */
function answer(
  reply: FastifyReply,
  host: string,
  issued: IssuedCredential | null,
  outcome: 'ENROLLED' | 'RENEWED',
  retrySeconds: number,
): EnrolmentAnswer {
  if (issued === null) {
    void reply.status(202).header('retry-after', String(retrySeconds));
    return { outcome: 'PENDING', host, credential: null };
  }
  const { issuedAt, expiresAt, credential, serial } = issued;
  const times = { issuedAt: issuedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  return { outcome, host, credential: { credential, serial, ...times } };
}
