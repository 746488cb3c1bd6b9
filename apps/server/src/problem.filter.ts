import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bugs } from './bug-log.js';
import { problemDetails, type ProblemDetails, RateLimited, RequestError, STATUS_CODES } from './errors.js';
import { MODULE_LIMIT } from './limits.js';
import { isUnavailable } from './database/unavailable.js';

/** An error of Fastify itself: a body that is too large, not JSON, or of an unknown type. */
interface FastifyError {
  readonly statusCode: number;
  readonly code?: string;
  readonly message: string;
}

const isFastifyError = (error: unknown): error is FastifyError =>
  typeof (error as Partial<FastifyError> | null)?.statusCode === 'number' &&
  (error as FastifyError).statusCode < 500;

/** Nest wraps errors of Fastify for requests without a route. */
const isBodyTooLarge = (error: unknown): boolean =>
  error instanceof HttpException
    ? error.getStatus() === 413
    : (error as Partial<FastifyError> | null)?.code === 'FST_ERR_CTP_BODY_TOO_LARGE';

/** Returns any error as RFC 9457 problem details. A bug becomes INTERNAL, without its details. */
export function toProblem(error: unknown, bodyLimit?: number): ProblemDetails {
  if (error instanceof RequestError) return problemDetails(error);
  const problem = (status: number, message: string) =>
    problemDetails({ code: codeOf(status), status, message, problems: [] });
  if (isBodyTooLarge(error) && bodyLimit !== undefined)
    return problem(413, `the limit of this route is ${bodyLimit} bytes in a body`);
  if (error instanceof HttpException) return problem(error.getStatus(), error.message);
  if (isFastifyError(error)) return problem(error.statusCode, MESSAGES[error.code ?? ''] ?? error.message);
  if (isUnavailable(error)) return problem(503, 'the database does not answer; try again in a few seconds');
  return problem(500, 'internal error; details are in the log of the server');
}

/** Messages in place of Fastify's, which do not say what to do. */
const MESSAGES: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than this route takes',
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    'the content-type must be application/json, or multipart/form-data for a module file',
  FST_ERR_CTP_INVALID_JSON_BODY:
    'the body is not valid JSON, or has a field that changes a prototype: `__proto__`, or `constructor` ' +
    'with a `prototype`',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_REQ_FILE_TOO_LARGE: `the module file is larger than ${MODULE_LIMIT / 2 ** 20} MiB`,
};

const codeOf = (status: number): string =>
  STATUS_CODES[status] ?? (status >= 500 ? 'INTERNAL' : 'BAD_USER_INPUT');

/** Answers any error as problem details: the error handler of every route, Nest's and Fastify's. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error, request.routeOptions.bodyLimit);
  if (problem.code === 'INTERNAL') bugs.note(error);
  if (problem.status === 503) void reply.header('retry-after', '5');
  if (error instanceof RateLimited) void reply.header('retry-after', error.retryAfterSeconds);
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify({ ...problem, instance: request.url.split('?')[0] }));
}

/** Passes what Nest's controllers and guards throw to the same function. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    // GraphQL has its own error format, in graphql-http.ts
    if (host.getType<string>() === 'graphql') throw error;
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
