import { Failure } from '../failure.js';
import { VERSION } from '../version.js';
import { readAnswer, readProblem, type Answer } from './answer.js';

/** It may work later. */
export class TryLater extends Failure {
  constructor(
    message: string,
    /** What `Retry-After` asked for, in seconds; null where it was not said. */
    readonly afterSeconds: number | null,
  ) {
    super('UNREACHABLE', message);
  }
}

const LONGEST_ANSWER = 1 << 20;

/** Seconds until then; both forms of RFC 9110, 10.2.3. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  if (header === null) return null;
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header);
  const instant = Date.parse(header);
  return Number.isNaN(instant) ? null : Math.max(0, Math.ceil((instant - now) / 1000));
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    size += (part as Uint8Array).length;
    if (size > LONGEST_ANSWER) throw new TryLater("the answer is too long to be a registry's", null);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The network's own word: `ECONNREFUSED`, `ENOTFOUND`, a certificate's fault. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return 'no answer in time';
  if (name === 'AbortError') return 'stopped';
  return cause?.code ?? cause?.message ?? message ?? String(error);
}

/**
 * Sends one document, once.
 *
 * @param url of the door, such as `https://registry/v1/reports`
 * @param timeoutMs for the whole exchange
 * @param stop ends it at once
 * @throws TryLater where it may work later (no connection, 408, 425, 429, 5xx); Failure UNAUTHORISED (401, 403), REFUSED (every other 4xx), UNREACHABLE (no registry there)
 */
export async function post(url: string, token: string | null, document: object, timeoutMs: number, stop?: AbortSignal): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, application/problem+json',
        'user-agent': `klpreg-agent/${VERSION}`,
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(document),
      // a redirect would carry the token and the letter to somebody else
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))), ...(stop === undefined ? [] : [stop])]),
    });
    text = await boundedText(response);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new TryLater(`${url}: ${reasonOf(error)}`, null);
  }
  const { status } = response;
  if (status >= 200 && status < 300) return readAnswer(url, text);
  const problem = `${url}: ${readProblem(status, text)}`;
  if (status === 401 || status === 403) throw new Failure('UNAUTHORISED', problem);
  if (status === 408 || status === 425 || status === 429 || status >= 500) throw new TryLater(problem, retryAfter(response.headers.get('retry-after')));
  if (status < 400 || status === 404 || status === 405) throw new Failure('UNREACHABLE', `${problem} (is the URL that of a registry?)`);
  throw new Failure('REFUSED', problem);
}
