import type { ClientRequest, IncomingMessage } from 'node:http';
import type { checkServerIdentity as CheckServerIdentity } from 'node:tls';

/** A complete response. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

const MAX_ANSWER_BYTES = 1 << 20;

async function boundedText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > MAX_ANSWER_BYTES) throw new RangeError("the response is too long to be a registry's");
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Sends one POST request and returns the complete response.
 *
 * Uses `node:http`, because loading `fetch` costs as much processor time as reading the tree.
 * Follows no redirect, which would send the token to another server. Decompresses nothing.
 *
 * @param signal aborts the request, also in the middle of the response
 * @param checkServerIdentity checks the certificates of an https server before anything is sent
 * @throws Error with the system's `code`; RangeError if the response is too long
 */
export async function exchange(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
  checkServerIdentity?: typeof CheckServerIdentity,
): Promise<Reply> {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked: ClientRequest = request(url, {
      method: 'POST',
      headers,
      signal,
      // an agent of its own: a resumed session is not checked again
      ...(checkServerIdentity !== undefined && { checkServerIdentity, agent: false }),
    });
    asked.on('response', resolve).on('error', reject).end(body);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, text: await boundedText(response) };
}
