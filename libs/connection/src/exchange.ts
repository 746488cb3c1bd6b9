import type { ClientRequest, IncomingMessage } from 'node:http';
import type { checkServerIdentity as CheckServerIdentity } from 'node:tls';
import type { TlsOptions } from './tls-files.js';

/** A complete response. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** One request. */
export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: none. */
  readonly body: string | Uint8Array | undefined;
  /** Aborts the request, also in the middle of the response. */
  readonly signal: AbortSignal;
  readonly maxAnswerBytes: number;
  readonly tls: TlsOptions;
  /** Checks the certificates of an https server before anything is sent. */
  readonly checkServerIdentity?: typeof CheckServerIdentity | undefined;
}

async function boundedText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > maxBytes) throw new RangeError("the response is too long to be a registry's");
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Sends one request and returns the complete response.
 *
 * Uses `node:http`: `fetch` takes no CA on Node.js 20, and loading it costs an agent as much processor time
 * as its work. Follows no redirect, which would send the token to another server. Decompresses nothing.
 *
 * @throws Error with the system's `code`; RangeError if the response is too long
 */
export async function exchange(
  url: string,
  { method, headers, body, signal, maxAnswerBytes, tls, checkServerIdentity }: Exchange,
): Promise<Reply> {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked: ClientRequest = request(url, {
      method,
      headers,
      signal,
      ...tls,
      // a connection of its own: a resumed session is not checked again
      ...(checkServerIdentity !== undefined && { checkServerIdentity, agent: false }),
    });
    asked.on('response', resolve).on('error', reject).end(body);
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: await boundedText(response, maxAnswerBytes),
  };
}
