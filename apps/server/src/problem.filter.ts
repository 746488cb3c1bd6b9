import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bugs } from './bug-log.js';
import { RequestError, problemDetails } from './errors.js';
import { MODULE_LIMIT } from './limits.js';
import { isUnavailable } from './database/unavailable.js';

/** Everything that Fastify itself refuses: a body that is too large, not JSON, of an unknown type. */
interface Refusal {
  readonly statusCode: number;
  readonly code?: string;
  readonly message: string;
}

const isRefusal = (error: unknown): error is Refusal =>
  typeof (error as Partial<Refusal> | null)?.statusCode === 'number' && (error as Refusal).statusCode < 500;

/** RFC 9457 problem details of anything that can go wrong; a bug leaves as INTERNAL with nothing inside. */
export function toProblem(error: unknown, bodyLimit?: number): ReturnType<typeof problemDetails> {
  if (error instanceof RequestError) return problemDetails(error);
  if ((error as Partial<Refusal> | null)?.code === 'FST_ERR_CTP_BODY_TOO_LARGE' && bodyLimit !== undefined)
    return problemDetails({ code: 'TOO_LARGE', status: 413, message: `the limit of this route is ${bodyLimit} bytes in a body`, problems: [] });
  if (error instanceof HttpException)
    return problemDetails({ code: codeOf(error.getStatus()), status: error.getStatus(), message: error.message, problems: [] });
  if (isRefusal(error))
    return problemDetails({ code: codeOf(error.statusCode), status: error.statusCode, message: SENTENCES[error.code ?? ''] ?? error.message, problems: [] });
  if (isUnavailable(error))
    return problemDetails({ code: 'UNAVAILABLE', status: 503, message: 'the database does not answer just now; try again in a few seconds', problems: [] });
  return problemDetails({ code: 'INTERNAL', status: 500, message: 'something went wrong here; it is in the log of the server', problems: [] });
}

/** What Fastify says in words that do not say what to do. */
const SENTENCES: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than this route takes',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the content-type must be application/json, or multipart/form-data for a module file',
  FST_ERR_CTP_INVALID_JSON_BODY:
    'the body is not valid JSON, or has a field that would change what objects are: `__proto__`, or `constructor` with a `prototype`',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_REQ_FILE_TOO_LARGE: `the module file is larger than ${MODULE_LIMIT / 2 ** 20} MiB`,
};

const CODES: Record<number, string> = {
  400: 'BAD_USER_INPUT',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  408: 'REQUEST_TIMEOUT',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'LIMIT_EXCEEDED',
  431: 'HEAD_TOO_LARGE',
  503: 'UNAVAILABLE',
};
const codeOf = (status: number): string => CODES[status] ?? (status >= 500 ? 'INTERNAL' : 'BAD_USER_INPUT');

/** Where errors leave over HTTP: as problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): unknown {
    // graphql-http.ts has the last word on these, also where no filter comes by
    if (host.getType<string>() === 'graphql') throw error;
    const problem = toProblem(error);
    if (problem.code === 'INTERNAL') bugs.note(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    if (problem.status === 503) void reply.header('retry-after', '5');
    return reply
      .status(problem.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify({ ...problem, instance: request.url.split('?')[0] }));
  }
}
