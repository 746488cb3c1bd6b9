import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../src/database/migrate.js';
import { emptyDatabase } from './database.js';

const MIGRATIONS = path.join(__dirname, '../../../prisma/migrations');
const ID = '11111111-1111-4111-8111-111111111111';

/** Applies all migrations before this one, lets the test write rows, and applies the others. */
async function across(
  migration: string,
  before: (client: pg.Client) => Promise<unknown>,
  after: (client: pg.Client) => Promise<void>,
) {
  const database = await emptyDatabase();
  const client = new pg.Client({ connectionString: database.url });
  const earlier = mkdtempSync(path.join(tmpdir(), 'klpreg-migrations-'));
  try {
    await client.connect();
    for (const name of readdirSync(MIGRATIONS).filter((name) => name < migration)) {
      cpSync(path.join(MIGRATIONS, name), path.join(earlier, name), { recursive: true });
    }
    await migrate(database.url, earlier);
    await before(client);
    await migrate(database.url, MIGRATIONS);
    await after(client);
  } finally {
    await client.end();
    await database.drop();
    rmSync(earlier, { recursive: true });
  }
}

test('stored situations name unlisted patches, and how each left the list, as the program does', async () => {
  const old = { name: 'old', buildId: null, reading: null };
  const insert = async (client: pg.Client) => {
    await client.query('INSERT INTO stack (id, patches) VALUES ($1, $2)', [ID, '[]']);
    const facts = [
      {
        tainted: true,
        unlisted: [
          { ...old, unlistedBy: 'FORCED' },
          { ...old, name: 'older', unlistedBy: 'UNKNOWN' },
        ],
      },
      { tainted: false, unlisted: [] },
    ];
    for (const [i, each] of facts.entries()) {
      await client.query(
        `INSERT INTO situation (id, stack_id, kernel_release, kernel_version, arch, facts)
         VALUES ($1, $2, '6.12', '#1', 'x86_64', $3)`,
        [ID.replace(/^1/, String(i)), ID, JSON.stringify(each)],
      );
    }
  };
  await across('20261126171500_unlisted_patches', insert, async (client) => {
    const { rows } = await client.query('SELECT facts FROM situation ORDER BY id');
    expect(rows.map(({ facts }) => facts)).toEqual([
      {
        tainted: true,
        unlisted: [
          { ...old, unlistedBy: 'FORCED' },
          { ...old, name: 'older', unlistedBy: 'UNKNOWN' },
        ],
      },
      { tainted: false, unlisted: [] },
    ]);
  });
});

test('a token of the role host is a relay for all hosts, and stays valid', async () => {
  const insert = async (client: pg.Client) =>
    client.query(
      "INSERT INTO token (id, hash, role, name, created_at) VALUES ($1, 'x', 'host', 'agents', now())",
      [ID],
    );
  await across('20261126202000_roles_and_scopes_of_tokens', insert, async (client) => {
    const { rows } = await client.query('SELECT role, scope, expires_at, revoked_at FROM token');
    expect(rows).toEqual([{ role: 'relay', scope: null, expires_at: null, revoked_at: null }]);
  });
});
