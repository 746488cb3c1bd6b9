/** The results of a subscription that come as server-sent events. */
export interface Events {
  /** The next result; null: it is complete. */
  next(): Promise<any>;
  close(): Promise<void>;
}

/** Subscribes over HTTP. */
export async function subscribe(
  url: string,
  query: string,
  variables: object,
  headers: Record<string, string>,
  operationName?: string,
): Promise<Events> {
  const ended = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    body: JSON.stringify({ query, variables, operationName }),
    headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
    signal: ended.signal,
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
    throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    next: async () => {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end < 0) {
          const { value, done } = await reader.read();
          if (done) return null;
          text += value;
          continue;
        }
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        if (event.startsWith('event: complete')) return null;
        const data = /^event: next\ndata: (.*)$/s.exec(event)?.[1];
        if (data !== undefined) return JSON.parse(data);
      }
    },
    close: async () => ended.abort(),
  };
}
