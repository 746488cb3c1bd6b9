// The benches of one size of fleet, on the database that DATABASE_URL names: node size.mjs HOSTS SECONDS NAME…
// Writes a JSON line for each figure.

import { fill, settle } from './fill.mjs';
import { FLEETS, OWN } from './figures.mjs';
import { host, ownLabels, page, postgraphile, question } from './questions.mjs';
import { connect, startServer } from './registry.mjs';
import { several } from './several.mjs';
import { herd, rollout } from './storms.mjs';
import { heartbeat, report } from './writes.mjs';

const [hosts, seconds, ...names] = [Number(process.argv[2]), Number(process.argv[3]), ...process.argv.slice(4)];
const labels = names.includes('own-labels') ? 'own' : 'shared';
const unknown = names.filter((name) => !Object.hasOwn(labels === 'own' ? OWN : FLEETS, name));
if (names.length === 0 || unknown.length > 0 || !(hosts >= 1000 && seconds > 0)) {
  console.error(`usage: node size.mjs HOSTS SECONDS NAME…, with names of one of: ${Object.keys(FLEETS).join(' ')} | ${Object.keys(OWN).join(' ')}`);
  process.exit(2);
}
const say = (text) => process.stderr.write(`  ${text}\n`);
const emit = (row) => process.stdout.write(`${JSON.stringify({ hosts, ...row })}\n`);

let server = await startServer();
const sql = await connect();
try {
  const { fleet, rate } = await fill(server, { hosts, labels }, say);
  if (rate !== null) emit({ bench: 'fill', metric: 'reports, in batches', value: rate, unit: '1/s' });
  await settle(sql);
  const given = { sql, fleet, emit, seconds, hosts: Math.min(100_000, hosts) };
  for (const [name, bench] of Object.entries({ question, postgraphile, host, page, heartbeat, report, several, rollout, 'own-labels': ownLabels })) {
    if (!names.includes(name)) continue;
    say(name);
    await bench({ ...given, server });
    if (name === 'report' || name === 'several') await settle(sql);
  }
  if (names.includes('memory')) {
    emit({ bench: 'memory', metric: 'resident', value: server.memory().now, unit: 'MiB' });
    emit({ bench: 'memory', metric: 'resident at most', value: server.memory().peak, unit: 'MiB' });
    const { rows } = await sql.query('SELECT pg_database_size(current_database()) AS bytes');
    emit({ bench: 'memory', metric: 'database on disk', value: Number(rows[0].bytes) / 2 ** 20, unit: 'MiB' });
  }
  if (names.includes('herd')) {
    await server.stop();
    server = null;
    await herd(given);
  }
} finally {
  await sql.end();
  await server?.stop();
}
