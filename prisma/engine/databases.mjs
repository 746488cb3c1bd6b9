// Databases by URL, as Prisma writes URLs: with a schema and options of its own in the query part, which
// PostgreSQL does not know.
import pg from 'pg';

const PRISMA_OPTIONS = [
  'schema',
  'connection_limit',
  'pool_timeout',
  'connect_timeout',
  'pgbouncer',
  'socket_timeout',
  'statement_cache_size',
];

export const nameOf = (url) => decodeURIComponent(new URL(url).pathname.slice(1)) || 'postgres';

export function withName(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.toString();
}

/** What pg needs to connect, and the schema that the URL names. */
export function settingsOf(url) {
  const plain = new URL(url);
  const schema = plain.searchParams.get('schema') ?? undefined;
  for (const option of PRISMA_OPTIONS) plain.searchParams.delete(option);
  return {
    schema,
    settings: {
      connectionString: plain.toString(),
      options: `-c TimeZone=UTC${schema ? ` -c search_path="${schema}"` : ''}`,
    },
  };
}

export async function canConnect(url) {
  const client = new pg.Client(settingsOf(url).settings);
  await client.connect();
  await client.end();
}

export const createDatabase = (url, name = nameOf(url)) =>
  administer(url, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);

export const dropDatabase = (url, name = nameOf(url)) =>
  administer(url, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);

async function administer(url, statement) {
  let refusal;
  for (const database of ['postgres', 'template1']) {
    const client = new pg.Client(settingsOf(withName(url, database)).settings);
    try {
      await client.connect();
    } catch (error) {
      refusal = error;
      continue;
    }
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  }
  throw refusal;
}
