// npm run check:hostile [-- REQUESTS]: hostile requests at each way in of a real server, together with valid
// requests. Prints a table; fails where a bound is exceeded.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WAYS } from './ways.mjs';

const REQUESTS = Number(process.argv[2] ?? 5000);
const BOUNDS = { memoryMiB: 50, processorMs: 250, waitMs: 500 };
const AT_ONCE = 8;
/** Requests before memory is looked at first: caches fill and code is compiled. */
const WARM = Math.min(1000, REQUESTS / 2);

const data = mkdtempSync(path.join(tmpdir(), 'klpreg-hostile-'));
const server = spawn(process.execPath, ['--max-semi-space-size=32', 'apps/server/dist/main.js'], {
  env: {
    PATH: process.env.PATH,
    DATABASE_URL: process.env.DATABASE_URL,
    KLPREG_DATA: data,
    KLPREG_PORT: '0',
    KLPREG_LOG_LEVEL: 'fatal',
    // the work of a request is measured, not how many are refused by their rate
    KLPREG_RATE_TOKEN: '1000000000',
    KLPREG_RATE_RELAY: '1000000000',
    KLPREG_RATE_ADDRESS: '1000000000',
    KLPREG_RATE_FAILURES: '1000000000',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((resolve, reject) => {
  let text = '';
  server.stdout.on('data', (chunk) => {
    const [, found] = /listening on (\S+)/.exec((text += chunk)) ?? [];
    if (found !== undefined) resolve(new URL(found));
  });
  server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
});
const token = readFileSync(path.join(data, 'admin-token'), 'utf8').trim();

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const calm = new Agent({ keepAlive: true, maxSockets: 4 });

/**
 * The status and the text of the answer. A connection that the server closes after a refusal counts as its
 * status, or as 0 without one.
 */
function send({ method = 'POST', path: at, headers = {}, body = '' }, over = agent) {
  return new Promise((resolve) => {
    const all = {
      host: `127.0.0.1:${url.port}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    };
    if (headers.authorization === undefined) all.authorization = `Bearer ${token}`;
    let status = 0;
    const sending = request(
      { host: '127.0.0.1', port: url.port, method, path: at, headers: all, agent: over },
      (response) => {
        status = response.statusCode;
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status, text, retryAfter: response.headers['retry-after'] }));
        response.on('error', () => resolve({ status, text, retryAfter: response.headers['retry-after'] }));
      },
    );
    sending.on('error', () => resolve({ status, text: '', retryAfter: undefined }));
    sending.on('close', () => resolve({ status, text: '', retryAfter: undefined }));
    sending.end(body);
  });
}

/**
 * Processor time of the server with all its threads, in milliseconds; Linux counts in hundredths of a second.
 */
const processor = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const memory = () =>
  (Number(readFileSync(`/proc/${server.pid}/statm`, 'latin1').split(' ')[1]) * 4096) / 2 ** 20;

/** Requests that are in order, one after the other, until told to stop: the longest wait. */
async function wellBehaved(state) {
  while (!state.stopped) {
    const begun = performance.now();
    const { status } = await send({ path: '/graphql', body: '{"query":"{ hosts { totalCount } }"}' }, calm);
    if (status !== 200) state.wrong.push(`a request in order got ${status}`);
    state.longest = Math.max(state.longest, performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Is this answer one that refuses, with its reason? */
function isRefused({ status, text, retryAfter }, kind) {
  if (status === 503) return retryAfter !== undefined;
  if (kind.allowed?.includes(status)) return true;
  if (status === 200 && text.startsWith('{"results":')) return !/"code":"INTERNAL/.test(text);
  if (status === 200 && kind.path === '/graphql') return /"code":"(?!INTERNAL)/.test(text);
  return status >= 400 && status < 500 && /"code":"(?!INTERNAL)/.test(text);
}

const rows = [];
let failed = false;
for (const [way, kinds] of Object.entries(WAYS)) {
  // alone, and twice: what is compiled or cached at the first time is not the request's
  let heaviest = { ms: 0, what: '' };
  for (const make of kinds) {
    const kind = make(0);
    await send(kind);
    const before = processor();
    await send(make(1));
    const ms = processor() - before;
    if (ms > heaviest.ms) heaviest = { ms, what: kind.what };
  }
  /** @type {{ stopped: boolean, longest: number, wrong: string[] }} */
  const state = { stopped: false, longest: 0, wrong: [] };
  process.stderr.write(`${way}\n`);
  const calmly = wellBehaved(state);
  let next = 0;
  let early = 0;
  const worker = async () => {
    while (next < REQUESTS) {
      const i = next++;
      const kind = kinds[i % kinds.length](i);
      const answer = await send(kind);
      if (!isRefused(answer, kind))
        state.wrong.push(`${kind.what}: ${answer.status} ${answer.text.slice(0, 150)}`);
      if (i === WARM) early = memory();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  state.stopped = true;
  await calmly;
  const grown = memory() - early;
  const isModule = way === 'module files';
  const bad =
    grown > BOUNDS.memoryMiB ||
    (heaviest.ms > BOUNDS.processorMs && !isModule) ||
    state.longest > BOUNDS.waitMs ||
    state.wrong.length > 0;
  failed ||= bad;
  rows.push({
    'way in': way,
    requests: REQUESTS,
    'memory, MiB more': grown.toFixed(0),
    'heaviest, ms': heaviest.ms,
    'which is': heaviest.what,
    'longest wait of others, ms': state.longest.toFixed(0),
    'wrong answers': state.wrong.length,
    '': bad ? 'BEYOND' : '',
  });
  for (const line of [...new Set(state.wrong)].slice(0, 5)) console.error(`${way}: ${line}`);
}
console.table(rows);
agent.destroy();
calm.destroy();
server.kill('SIGTERM');
await new Promise((resolve) => server.on('exit', resolve));
rmSync(data, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
