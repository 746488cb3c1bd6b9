// Runs benches of one fleet on the database in DATABASE_URL, and writes a JSON line for each figure.
// Usage: node size.mjs HOSTS SECONDS NAME…

import { fill, prepareDatabase } from './fill.mjs';
import { FLEETS, OWN } from './figures.mjs';
import { host, overdue, ownLabels, page, postgraphile, question } from './questions.mjs';
import { connect, startServer, TAKES_ALL_CONNECTIONS } from './registry.mjs';
import { several } from './several.mjs';
import { herd, rollout } from './bursts.mjs';
import { heartbeat, report } from './writes.mjs';

const [hosts, seconds, ...names] = [
  Number(process.argv[2]),
  Number(process.argv[3]),
  ...process.argv.slice(4),
];
const labels = names.includes('own-labels') ? 'own' : 'shared';
const unknown = names.filter((name) => !Object.hasOwn(labels === 'own' ? OWN : FLEETS, name));
if (names.length === 0 || unknown.length > 0 || !(hosts >= 1000 && seconds > 0)) {
  const [shared, own] = [FLEETS, OWN].map((benches) => Object.keys(benches).join(' '));
  console.error(`usage: node size.mjs HOSTS SECONDS NAME…\nnames, all from one of: ${shared} | ${own}`);
  process.exit(2);
}
const log = (text) => process.stderr.write(`  ${text}\n`);
const emit = (row) => process.stdout.write(`${JSON.stringify({ hosts, ...row })}\n`);

let server = await startServer(TAKES_ALL_CONNECTIONS);
const sql = await connect();
try {
  const { fleet, rate } = await fill(server, { hosts, labels }, log);
  if (rate !== null) emit({ bench: 'fill', metric: 'reports, in batches', value: rate, unit: '1/s' });
  await prepareDatabase(sql);
  const context = { sql, fleet, emit, seconds, hosts: Math.min(100_000, hosts) };
  const benches = {
    question,
    overdue,
    postgraphile,
    host,
    page,
    heartbeat,
    report,
    several,
    rollout,
    'own-labels': ownLabels,
  };
  for (const [name, bench] of Object.entries(benches)) {
    if (!names.includes(name)) continue;
    log(name);
    await bench({ ...context, server });
    if (name === 'report' || name === 'several') await prepareDatabase(sql);
  }
  if (names.includes('memory')) {
    emit({ bench: 'memory', metric: 'resident', value: server.memory().now, unit: 'MiB' });
    emit({ bench: 'memory', metric: 'resident at most', value: server.memory().peak, unit: 'MiB' });
    const { rows } = await sql.query('SELECT pg_database_size(current_database()) AS bytes');
    emit({
      bench: 'memory',
      metric: 'database on disk',
      value: Number(rows[0].bytes) / 2 ** 20,
      unit: 'MiB',
    });
  }
  if (names.includes('herd')) {
    await server.stop();
    server = null;
    await herd(context);
  }
} finally {
  await sql.end();
  await server?.stop();
}
