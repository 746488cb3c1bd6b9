// What happens when much happens at once: a tenth of the fleet changes while questions are asked; the registry was away, and everybody comes back.

import { setTimeout as sleep } from 'node:timers/promises';
import { drive, percentile } from './drive.mjs';
import { countDifferences, freshen } from './fill.mjs';
import { startServer, TOKEN } from './registry.mjs';
import { nextSequence } from './writes.mjs';

const FLEET = JSON.stringify({
  query:
    '{ canDowngrade(to: { original: true }, where: { labels: [{ key: "role", in: ["web"] }] }) { counts { safe unknown unsafe refused total } reasons(first: 50) { nodes { hosts reason { code } } } } }',
});
const question = (server, seconds, next = () => FLEET) =>
  drive({ url: server.url, path: '/graphql', connections: 1, seconds, next, check: (answer) => !answer.includes('"errors"') });

/** Sends reports of hosts to relays' door, a few hundred in a request; what is not taken is sent again. @returns the milliseconds of the slowest request */
async function send(server, fleet, hosts, sequence) {
  let next = 0;
  let slowest = 0;
  const relay = async () => {
    while (next < hosts.length) {
      const mine = hosts.slice(next, (next += 200));
      const body = `[${mine.map((n) => fleet.reportText(n, { sequence, at: Date.now() })).join(',')}]`;
      for (;;) {
        const began = performance.now();
        const response = await fetch(`${server.url}/v1/reports:batch`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
          body,
        }).catch(() => null);
        slowest = Math.max(slowest, performance.now() - began);
        const results = response?.ok ? (await response.json()).results : [];
        if (results.length === mine.length && results.every(({ outcome }) => outcome !== undefined)) break;
        await sleep(500 + 1000 * Math.random());
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, relay));
  return slowest;
}

export async function rollout({ server, sql, fleet, emit, seconds }) {
  await freshen(sql);
  await question(server, 2);
  const quiet = await question(server, seconds / 3);
  const hosts = Array.from({ length: Math.floor(fleet.hosts / 10) }, (_, i) => i * 10);
  const sequence = await nextSequence(sql);
  for (const n of hosts) fleet.boot(n, fleet.setup((n + 1) % fleet.hosts), Date.now());
  let done = false;
  const began = performance.now();
  const rolling = send(server, fleet, hosts, sequence).finally(() => (done = true));
  const busy = await question(server, 600, () => (done ? null : FLEET));
  await rolling;
  const took = (performance.now() - began) / 1000;
  if (busy.wrong > 0) throw new Error(`a question failed meanwhile: ${busy.firstWrong}`);
  const { rows } = await sql.query('SELECT count(*) FROM host WHERE sequence = $1', [sequence]);
  if (Number(rows[0].count) !== hosts.length) throw new Error(`${rows[0].count} of ${hosts.length} hosts have changed`);
  if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
  const [calm, storm] = [percentile(quiet.times, 0.99), percentile(busy.times, 0.99)];
  emit({ bench: 'rollout', metric: 'questions’ p99 meanwhile', value: storm, unit: 'ms', floor: calm, ratio: storm / calm, of: 'of the quiet p99' });
  emit({ bench: 'rollout', metric: 'hosts that changed', value: hosts.length / took, unit: '1/s' });
}

/** Its own server, which was away. Every host has something new to say, and says it at once. */
export async function herd({ sql, fleet, emit, hosts }) {
  const amount = Math.min(hosts, fleet.hosts);
  const sequence = await nextSequence(sql);
  const all = Array.from({ length: amount }, (_, n) => n);
  for (const n of all) fleet.boot(n, fleet.setup(n), Date.now());
  const server = await startServer();
  try {
    const began = performance.now();
    const slowest = await send(server, fleet, all, sequence);
    const took = (performance.now() - began) / 1000;
    const { rows } = await sql.query('SELECT count(*) FROM host WHERE sequence = $1', [sequence]);
    if (Number(rows[0].count) !== amount) throw new Error(`${rows[0].count} of ${amount} hosts are back`);
    if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
    emit({ bench: 'herd', metric: `${amount.toLocaleString('en')} hosts fresh after`, value: took, unit: 's' });
    emit({ bench: 'herd', metric: 'slowest request', value: slowest / 1000, unit: 's' });
    emit({ bench: 'memory', metric: 'resident after a herd', value: server.memory().peak, unit: 'MiB' });
  } finally {
    await server.stop();
  }
}
