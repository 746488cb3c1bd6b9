import type { ClientRequest, IncomingMessage } from 'node:http';

/** What came back, whole. */
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
    if (size > MAX_ANSWER_BYTES) throw new RangeError("the answer is too long to be a registry's");
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Sends one body, and takes the whole answer.
 *
 * With `node:http`, because `fetch` would cost a program that sends one message as much as reading the tree does. It follows no redirect, which would carry the token and
 * the message to somebody else, and unpacks nothing.
 *
 * @param signal ends it at once, also in the middle of the answer
 * @throws Error with the network's own `code`; RangeError where the answer does not end
 */
export async function exchange(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Reply> {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked: ClientRequest = request(url, { method: 'POST', headers, signal });
    asked.on('response', resolve).on('error', reject).end(body);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, text: await boundedText(response) };
}
