import { storedToken } from '../session/token.js';

/** Asks the registry. The results of a subscription come as server-sent events. */
export async function ask(question: object): Promise<object | AsyncIterable<object>> {
  const token = storedToken();
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(question),
  });
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream ? resultsIn(answer.body!) : ((await answer.json()) as object);
}

/** The results in a stream of events, each of which is a text that ends with an empty line. */
async function* resultsIn(body: ReadableStream<BufferSource>): AsyncGenerator<object> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += part.value;
      const events = text.split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        const data = /^data: (.+)$/m.exec(event)?.[1];
        if (data !== undefined) yield JSON.parse(data) as object;
      }
    }
  } finally {
    // who stops a subscription ends its request
    await reader.cancel();
  }
}
