import { certificateProblem, exchange, type Reply, type TlsOptions } from '@klpreg/connection';
import { Failure } from '../failure.js';
import { VERSION } from '../version.js';
import { readAnswer, readProblem, type Answer } from './answer.js';

/** A failure that a retry may cure. */
export class RetryableError extends Failure {
  constructor(
    message: string,
    /** Seconds from `Retry-After`. Null if there was none. */
    readonly retryAfterSeconds: number | null,
  ) {
    super('UNREACHABLE', message);
  }
}

/** Parses `Retry-After` (RFC 9110, 10.2.3) to seconds. */
export function retryAfter(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null;
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header);
  const instant = Date.parse(header);
  return Number.isNaN(instant) ? null : Math.max(0, Math.ceil((instant - now) / 1000));
}

const MAX_ANSWER_BYTES = 1 << 20;

/**
 * Returns the system's reason, such as `ECONNREFUSED` or `ENOTFOUND`, or what is wrong with a certificate.
 */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted)
    return (signal.reason as Error).name === 'TimeoutError' ? 'no answer in time' : 'stopped';
  const problem = certificateProblem(error);
  if (problem !== null) return `${problem.what}; ${problem.next}`;
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}

/**
 * Returns a signal that aborts after a timeout, or with another signal.
 *
 * Uses its own timer: on Node 20, a signal of `AbortSignal.timeout` that only `AbortSignal.any` refers to is
 * garbage collected and then never fires.
 */
function limitOf(
  timeoutMs: number,
  stop: AbortSignal | undefined,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException('the time limit was reached', 'TimeoutError')),
    Math.max(1, Math.ceil(timeoutMs)),
  );
  const end = () => controller.abort(stop?.reason);
  if (stop?.aborted) end();
  stop?.addEventListener('abort', end, { once: true });
  const release = () => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', end);
  };
  return { signal: controller.signal, release };
}

/** Limits of a request, and how it authenticates. */
export interface PostOptions {
  /** Limits the whole request. */
  readonly timeoutMs: number;
  /** Aborts the request. */
  readonly stop?: AbortSignal | undefined;
  readonly tls: TlsOptions;
  readonly token?: string | null;
  /** SHA-256 of a public key that a certificate of the server must have. */
  readonly pin?: string | null;
}

/**
 * Sends one document without retries.
 *
 * @returns the response, whatever its status
 * @throws RetryableError if there is none
 */
export async function post(
  url: string,
  document: object,
  { timeoutMs, stop, tls, token = null, pin = null }: PostOptions,
): Promise<Reply> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, application/problem+json',
    'accept-encoding': 'identity',
    'user-agent': `klpreg-agent/${VERSION}`,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const checkServerIdentity =
    pin === null ? undefined : (await import('../enrol/pinned.js')).checkPinned(pin);
  const limit = limitOf(timeoutMs, stop);
  try {
    return await exchange(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(document),
      signal: limit.signal,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      tls,
      checkServerIdentity,
    });
  } catch (error) {
    throw new RetryableError(`${url}: ${reasonOf(error, limit.signal)}`, null);
  } finally {
    limit.release();
  }
}

/** The registry does not accept the token (401). */
export class Unauthenticated extends Failure {
  constructor(message: string) {
    super('UNAUTHORISED', message);
  }
}

/**
 * Converts a response to a failure. Null if it is 2xx.
 *
 * RetryableError for 408, 425, 429 and 5xx; UNAUTHORISED for 401 and 403, REFUSED for any other 4xx,
 * UNREACHABLE if no registry is there.
 */
export function failureOf(url: string, { status, text, headers }: Reply): Failure | null {
  if (status >= 200 && status < 300) return null;
  const problem = `${url}: ${readProblem(status, text)}`;
  if (status === 401) return new Unauthenticated(problem);
  if (status === 403) return new Failure('UNAUTHORISED', problem);
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return new RetryableError(problem, retryAfter(headers['retry-after']));
  if (status < 400 || status === 404 || status === 405)
    return new Failure('UNREACHABLE', `${problem} (is the URL that of a registry?)`);
  return new Failure('REFUSED', problem);
}

/**
 * Sends one message without retries.
 *
 * @param url the endpoint, such as `https://registry/v1/reports`
 * @throws RetryableError for no connection; and as `failureOf`
 */
export async function sendOnce(url: string, message: object, options: PostOptions): Promise<Answer> {
  const reply = await post(url, message, options);
  const failure = failureOf(url, reply);
  if (failure !== null) throw failure;
  return readAnswer(url, reply.text);
}
