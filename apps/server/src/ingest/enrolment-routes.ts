import { EnrolmentRequest, RenewalRequest } from '@klpreg/wire';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Enrolment } from '../access/enrolment.js';
import type { IssuedCredential } from '../access/host-credentials.js';
import type { Clock } from '../clock.js';
import { overloaded, RequestError } from '../errors.js';
import { refuseLargeJson } from '../json-size.js';
import { BODY_LIMITS } from '../limits.js';
import type { EnrolmentAnswer } from './answers.js';
import { parseJson, textOf } from './messages.js';
import { parse } from './parse.js';

export interface EnrolmentRoutesOptions {
  readonly enrolment: Enrolment;
  readonly clock: Clock;
  /** After how many seconds a host that waits for an admin asks again. */
  readonly retrySeconds: number;
}

/** Maximum number of requests in progress: each is a transaction, and may come from a sender without a token. */
const MAX_IN_PROGRESS = 64;

/**
 * `POST /v1/enrolments`: an enrolment token for the first credential of a host.
 * `POST /v1/credentials`: the key of an enrolled host for its next credential.
 *
 * Each answer has the header `klpreg-time`: an agent whose clock is wrong signs again with the registry's time.
 */
export const enrolmentRoutes: FastifyPluginAsync<EnrolmentRoutesOptions> = async (scope, options) => {
  const { enrolment, clock, retrySeconds } = options;
  let inProgress = 0;
  const bounded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (inProgress >= MAX_IN_PROGRESS) throw overloaded();
    inProgress += 1;
    try {
      return await work();
    } finally {
      inProgress -= 1;
    }
  };
  scope.addHook('onSend', (_request, reply, _payload, done) => {
    void reply.header('klpreg-time', clock.now().toISOString()).header('cache-control', 'no-store');
    done();
  });

  scope.post('/v1/enrolments', { bodyLimit: BODY_LIMITS.enrolment }, async (request, reply) =>
    bounded(async () => {
      const token = await enrolment.token(bearerOf(request));
      const document = parse(EnrolmentRequest, bodyOf(request), 'enrolment request');
      const issued = await enrolment.enrol(document, token, request.ip);
      return answer(reply, document.instance, issued, 'ENROLLED', retrySeconds);
    }),
  );
  scope.post('/v1/credentials', { bodyLimit: BODY_LIMITS.enrolment }, async (request, reply) =>
    bounded(async () => {
      const document = parse(RenewalRequest, bodyOf(request), 'renewal request');
      return answer(reply, document.instance, await enrolment.renew(document), 'RENEWED', retrySeconds);
    }),
  );
};

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
