// Several servers on one database: the rate of the same connections, divided among the servers.

import { availableParallelism } from 'node:os';
import { drive, median } from './drive.mjs';
import { countDifferences } from './fill.mjs';
import { startServer, TAKES_ALL_CONNECTIONS, TOKEN } from './registry.mjs';
import {
  changedReports,
  CONNECTIONS,
  heartbeatTexts,
  hostsWithHeartbeats,
  nextSequence,
  prepared,
} from './writes.mjs';

const COUNTS = [1, 2, 4];
const ROUNDS = 3;

/** Sends one load to several servers. @returns messages per second of all servers */
async function spread(servers, { path, outcome, texts, seconds }) {
  const next = prepared(texts);
  const connections = Math.floor(CONNECTIONS / servers.length);
  const check = (answer) => answer.includes(outcome);
  const startedAt = performance.now();
  const driven = servers.map(({ url }) =>
    drive({ url, path, token: TOKEN, connections, seconds, next, check }),
  );
  const all = await Promise.all(driven);
  const took = (performance.now() - startedAt) / 1000;
  const failed = all.find(({ wrong }) => wrong > 0);
  if (failed !== undefined)
    throw new Error(
      `${failed.wrong} messages did not have the outcome ${outcome}; the first: ${failed.firstWrong}`,
    );
  return all.reduce((sum, { done }) => sum + done, 0) / took;
}

export async function several({ server, sql, fleet, emit, seconds }) {
  const servers = [server];
  const each = seconds / ROUNDS / COUNTS.length;
  const hosts = await hostsWithHeartbeats(sql);
  let sequence = await nextSequence(sql);
  const loads = {
    heartbeats: () => ({
      path: '/v1/heartbeats',
      outcome: '"CONFIRMED"',
      texts: heartbeatTexts(hosts, ++sequence),
      seconds: each,
    }),
    reports: () => ({
      path: '/v1/reports',
      outcome: '"STORED"',
      texts: changedReports(fleet, each, ++sequence),
      seconds: each,
    }),
  };
  try {
    while (servers.length < Math.max(...COUNTS)) servers.push(await startServer(TAKES_ALL_CONNECTIONS));
    for (const [what, load] of Object.entries(loads)) {
      const rates = new Map(COUNTS.map((count) => [count, []]));
      for (const one of servers) await spread([one], { ...load(), seconds: Math.min(1, each) });
      for (let round = 0; round < ROUNDS; round++)
        for (const count of COUNTS) rates.get(count).push(await spread(servers.slice(0, count), load()));
      const alone = median(rates.get(1));
      for (const count of COUNTS) {
        const value = median(rates.get(count));
        const of = `times one server, on ${availableParallelism()} cores`;
        const comparison = count === 1 ? {} : { floor: alone, ratio: value / alone, of };
        emit({
          bench: 'several',
          metric: `${what}, ${count} server${count === 1 ? '' : 's'}`,
          value,
          unit: '1/s',
          ...comparison,
        });
      }
    }
  } finally {
    for (const one of servers.slice(1)) await one.stop();
  }
  if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
}
