// Generates HTTP load with little overhead: persistent connections, each with one request in flight.

import net from 'node:net';

/** Returns a percentile of the values. @param share 0.5 for the median */
export function percentile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
export const median = (values) => percentile(values, 0.5);

export const bodyOf = (response) => response.slice(response.indexOf('\r\n\r\n') + 4);

/** Calls `onResponse` with the text of each HTTP response on a socket. */
export function readResponses(socket, onResponse) {
  let parts = [];
  let length = 0;
  let need = Infinity;
  socket.on('data', (chunk) => {
    parts.push(chunk);
    length += chunk.length;
    if (need === Infinity) {
      const text = parts.length === 1 ? chunk : Buffer.concat(parts);
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const size = /\r\ncontent-length: (\d+)/i.exec(text.toString('latin1', 0, end));
      need = end + 4 + Number(size?.[1] ?? 0);
    }
    if (length < need) return;
    const response = Buffer.concat(parts).toString('utf8');
    parts = [];
    length = 0;
    need = Infinity;
    onResponse(response);
  });
}

/**
 * Sends requests on several connections, one after the other on each, until the time is over or no body is
 * left.
 *
 * @param next returns the body of the next request, or its body and its token; null if none is left
 * @param check whether the body of a response is correct
 * @returns the numbers of responses and of wrong ones, the seconds in total, and the milliseconds of each
 * request
 */
export async function drive({
  url,
  path,
  token = '',
  connections,
  seconds = Infinity,
  next,
  check = () => true,
}) {
  const { hostname, port } = new URL(url);
  const head = [`POST ${path} HTTP/1.1`, `host: ${hostname}`, 'content-type: application/json', ''].join(
    '\r\n',
  );
  const times = [];
  let wrong = 0;
  let firstWrong = null;
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;

  const connection = () =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      let sent = 0;
      const send = () => {
        const given = performance.now() < until ? next() : null;
        const [body, own] = Array.isArray(given) ? given : [given, token];
        if (body === null) {
          socket.end();
          resolve();
          return;
        }
        sent = performance.now();
        const sender = own === '' ? '' : `authorization: Bearer ${own}\r\n`;
        socket.write(`${head}${sender}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      // without effect after the last response
      socket.on('close', () =>
        reject(new Error(`${hostname}:${port} closed a connection; first wrong response: ${firstWrong}`)),
      );
      readResponses(socket, (response) => {
        times.push(performance.now() - sent);
        if (!response.startsWith('HTTP/1.1 2') || !check(bodyOf(response))) {
          wrong += 1;
          firstWrong ??= response.slice(0, 600);
        }
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, connection));
  const took = (performance.now() - startedAt) / 1000;
  return { done: times.length, wrong, firstWrong, seconds: took, rate: times.length / took, times };
}

/** Returns the data of a GraphQL query. @throws Error if the response has errors */
export async function ask(url, query, variables = {}, path = '/graphql') {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors).slice(0, 1000));
  return data;
}
