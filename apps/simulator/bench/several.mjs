// Several servers on one database, behind a balancer that is not there: the same connections, spread over them. How much more do they take than one?

import { availableParallelism } from 'node:os';
import { drive, median } from './drive.mjs';
import { countDifferences } from './fill.mjs';
import { startServer, TOKEN } from './registry.mjs';
import { changedReports, CONNECTIONS, heartbeatTexts, hostsThatBeat, nextSequence, prepared } from './writes.mjs';

const COUNTS = [1, 2, 4];
const ROUNDS = 3;

/** One load on so many servers. @returns documents a second, of all together */
async function spread(servers, { path, word, texts, seconds }) {
  const next = prepared(texts);
  const connections = Math.floor(CONNECTIONS / servers.length);
  const check = (answer) => answer.includes(word);
  const began = performance.now();
  const all = await Promise.all(servers.map(({ url }) => drive({ url, path, token: TOKEN, connections, seconds, next, check })));
  const took = (performance.now() - began) / 1000;
  const failed = all.find(({ wrong }) => wrong > 0);
  if (failed !== undefined) throw new Error(`${failed.wrong} documents were not ${word}; the first: ${failed.firstWrong}`);
  return all.reduce((sum, { done }) => sum + done, 0) / took;
}

export async function several({ server, sql, fleet, emit, seconds }) {
  const servers = [server];
  const each = seconds / ROUNDS / COUNTS.length;
  const hosts = await hostsThatBeat(sql);
  let sequence = await nextSequence(sql);
  const loads = {
    heartbeats: () => ({ path: '/v1/heartbeats', word: '"CONFIRMED"', texts: heartbeatTexts(hosts, ++sequence), seconds: each }),
    reports: () => ({ path: '/v1/reports', word: '"STORED"', texts: changedReports(fleet, each, ++sequence), seconds: each }),
  };
  try {
    while (servers.length < Math.max(...COUNTS)) servers.push(await startServer());
    for (const [what, load] of Object.entries(loads)) {
      const rates = new Map(COUNTS.map((count) => [count, []]));
      for (const one of servers) await spread([one], { ...load(), seconds: Math.min(1, each) });
      for (let round = 0; round < ROUNDS; round++) for (const count of COUNTS) rates.get(count).push(await spread(servers.slice(0, count), load()));
      const alone = median(rates.get(1));
      for (const count of COUNTS) {
        const value = median(rates.get(count));
        const beside = count === 1 ? {} : { floor: alone, ratio: value / alone, of: `times one server, on ${availableParallelism()} cores` };
        emit({ bench: 'several', metric: `${what}, ${count} server${count === 1 ? '' : 's'}`, value, unit: '1/s', ...beside });
      }
    }
  } finally {
    for (const one of servers.slice(1)) await one.stop();
  }
  if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
}
