// A load of HTTP requests with next to nothing around it, so that what is measured is the other side: sockets that stay open, each with one request under way.

import net from 'node:net';

/** The value below which so much of these lies; they are sorted in place. */
export function percentile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
export const median = (values) => percentile(values, 0.5);

/** The body of an answer. */
export const bodyOf = (answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4);

/** Takes the answers that come by this socket, one after the other, each as a text. */
export function readAnswers(socket, take) {
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
    const answer = Buffer.concat(parts).toString('utf8');
    parts = [];
    length = 0;
    need = Infinity;
    take(answer);
  });
}

/**
 * Sends requests one after the other on each of several connections, for so long or so many.
 *
 * @param next gives the body of the next request; null: there is none left
 * @returns how many were answered, how many of them not with 2xx, the seconds it took, and the milliseconds of each
 */
export async function drive({ url, path, token = '', connections, seconds = Infinity, next, check = () => true }) {
  const { hostname, port } = new URL(url);
  const head = `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: `;
  const times = [];
  let wrong = 0;
  let firstWrong = null;
  const began = performance.now();
  const until = began + seconds * 1000;

  const one = () =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      let sent = 0;
      const send = () => {
        const body = performance.now() < until ? next() : null;
        if (body === null) {
          socket.end();
          resolve();
          return;
        }
        sent = performance.now();
        socket.write(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      readAnswers(socket, (answer) => {
        times.push(performance.now() - sent);
        if (!answer.startsWith('HTTP/1.1 2') || !check(bodyOf(answer))) {
          wrong += 1;
          firstWrong ??= answer.slice(0, 600);
        }
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  const took = (performance.now() - began) / 1000;
  return { done: times.length, wrong, firstWrong, seconds: took, rate: times.length / took, times };
}

/** Asks GraphQL, and takes nothing but an answer. */
export async function ask(url, query, variables = {}, path = '/graphql') {
  const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors).slice(0, 1000));
  return data;
}
