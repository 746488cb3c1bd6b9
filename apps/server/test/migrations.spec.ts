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

test('a statement that was signed without the SHA-256 of its file is unsigned, also in the past', async () => {
  const insert = async (client: pg.Client) => {
    await client.query(
      `INSERT INTO patch (build_id, name, release, owner, kernel_release, arch, modversions, livepatch, builder,
                          readable, impact, impact_reasons, evidence, published_at, published_by)
       VALUES ('ab', 'p', 'r', 'o', '7.3', 'x86_64', false, true, 'UNKNOWN', true, 'NONE', '{}', 'MODULE', now(), 't')`,
    );
    for (const [revision, key] of [null, 'f1'].entries())
      await client.query(
        `INSERT INTO patch_author (build_id, revision, evidence, statement, key, at, by)
         VALUES ('ab', $1, $2, '{}', $3, now(), 't')`,
        [revision + 1, key === null ? 'UNSIGNED' : 'MANIFEST', key],
      );
    await client.query(
      `INSERT INTO patch_version (build_id, revision, at, patch)
       SELECT build_id, revision, at, jsonb_build_object('author', to_jsonb(a)) FROM patch_author a`,
    );
    await client.query(
      'INSERT INTO owner_key (fingerprint, owner, public_key, added_at, ' +
        "added_by) VALUES ('f1', 'o', 'x', now(), 't')",
    );
  };
  await across('20261126220000_signatures_of_files', insert, async (client) => {
    const authors = await client.query(
      'SELECT evidence, key, signed_file AS file FROM patch_author ORDER BY revision',
    );
    expect(authors.rows).toEqual([
      { evidence: 'UNSIGNED', key: null, file: null },
      { evidence: 'UNSIGNED', key: 'f1', file: null },
    ]);
    const versions = await client.query(
      "SELECT patch #>> '{author,evidence}' AS evidence FROM patch_version",
    );
    expect(versions.rows).toEqual([{ evidence: 'UNSIGNED' }, { evidence: 'UNSIGNED' }]);
    const keys = await client.query(
      'SELECT valid_from = added_at AS since, valid_until AS until FROM owner_key',
    );
    expect(keys.rows).toEqual([{ since: true, until: null }]);
  });
});

test('a build belongs to the owner who has signed for it, now and in the past; else it may be claimed', async () => {
  const insert = async (client: pg.Client) => {
    for (const [buildId, key] of Object.entries({ aa: 'f1', bb: null })) {
      await client.query(
        `INSERT INTO patch (build_id, name, release, owner, kernel_release, arch, modversions, livepatch, builder,
                            readable, impact, impact_reasons, evidence, published_at, published_by)
         VALUES ($1, 'p', 'r', 'o', '7.3', 'x86_64', false, true, 'UNKNOWN', true, 'NONE', '{}', 'MODULE', now(), 't')`,
        [buildId],
      );
      await client.query(
        `INSERT INTO patch_author (build_id, revision, evidence, statement, key, at, by)
         VALUES ($1, 1, 'UNSIGNED', '{}', $2, now(), 't')`,
        [buildId, key],
      );
    }
    await client.query(
      `INSERT INTO patch_version (build_id, revision, at, patch)
       SELECT build_id, 1, at, jsonb_build_object('author', to_jsonb(a)) FROM patch_author a
        UNION ALL
       SELECT build_id, 0, at, '{"author": null}' FROM patch_author`,
    );
  };
  await across('20261126233000_ownership_of_builds', insert, async (client) => {
    const patches = await client.query('SELECT build_id AS build, ownership FROM patch ORDER BY 1');
    expect(patches.rows).toEqual([
      { build: 'aa', ownership: 'SIGNED' },
      { build: 'bb', ownership: 'UNSIGNED' },
    ]);
    const versions = await client.query(
      "SELECT build_id || revision AS version, patch ->> 'ownership' AS ownership FROM patch_version ORDER BY 1",
    );
    expect(versions.rows).toEqual([
      { version: 'aa0', ownership: 'UNSIGNED' },
      { version: 'aa1', ownership: 'SIGNED' },
      { version: 'bb0', ownership: 'UNSIGNED' },
      { version: 'bb1', ownership: 'UNSIGNED' },
    ]);
  });
});

test('what a host showed before it was revoked never counts again; what a suspect host showed may', async () => {
  const token = '22222222-2222-4222-8222-222222222222';
  const hosts = { REVOKED: ID, ACTIVE: ID.replace(/^1/, '2') };
  const insert = async (client: pg.Client) => {
    await client.query(
      "INSERT INTO enrolment_token (id, hash, name, created_at, created_by, expires_at) VALUES ($1, 'x', 't', now(), 't', now())",
      [token],
    );
    for (const [state, id] of Object.entries(hosts)) {
      await client.query(
        `INSERT INTO host_credential (bucket, host_id, public_key, hostname, token_id, state, state_at, enrolled_at, proof_at)
         VALUES (17, $1, 'x', 'h', $2, $3::credential_state, now(), now(), now())`,
        [id, token, state],
      );
      await client.query(
        `INSERT INTO patch_sighting (build_id, facts, host_id, machine, kernel_release, kernel_version, arch, objects,
                                     revision, seen_at, until_revision, until_at)
         VALUES ('aa', $1, $1, 'm', '7.3', '#1', 'x86_64', '{}', 1, now(), 2, now())`,
        [id],
      );
    }
  };
  await across('20261126234500_disowned_sightings', insert, async (client) => {
    const { rows } = await client.query('SELECT host_id AS host, disowned FROM patch_sighting ORDER BY 1');
    expect(rows).toEqual([
      { host: hosts.REVOKED, disowned: true },
      { host: hosts.ACTIVE, disowned: false },
    ]);
  });
});
