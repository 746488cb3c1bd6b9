// Loads Prisma's schema engine as WebAssembly and gives it a small adapter over pg. @prisma/adapter-pg does
// not serve here: it rejects PostgreSQL's internal "char" type (catalog queries), splits scripts at every ';'
// (which breaks $$ bodies and loses the implicit transaction), and ignores which database is meant for the
// shadow.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum as Type,
  DriverAdapterError,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { createDatabase, dropDatabase, settingsOf, withName } from './databases.mjs';

export const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
const wasmFile = createRequire(import.meta.url)
  .resolve('@prisma/schema-engine-wasm')
  .replace(/schema_engine\.js$/, 'schema_engine_bg.wasm');
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasmFile)), {
  './schema_engine_bg.js': glue,
});
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const ADAPTER = { provider: 'postgres', adapterName: 'pg-schema-engine' };

/** PostgreSQL's type numbers in Prisma's words; anything else is text. */
// prettier-ignore
const TYPES = {
  16: Type.Boolean, 17: Type.Bytes, 18: Type.Character, 19: Type.Text, 20: Type.Int64, 21: Type.Int32, 23: Type.Int32, 25: Type.Text, 26: Type.Int64,
  114: Type.Json, 700: Type.Float, 701: Type.Double, 1042: Type.Text, 1043: Type.Text, 1082: Type.Date, 1083: Type.Time, 1114: Type.DateTime, 1184: Type.DateTime,
  1700: Type.Numeric, 2950: Type.Uuid, 3802: Type.Json,
  1000: Type.BooleanArray, 1002: Type.CharacterArray, 1003: Type.TextArray, 1005: Type.Int32Array, 1007: Type.Int32Array, 1009: Type.TextArray, 1014: Type.TextArray,
  1015: Type.TextArray, 1016: Type.Int64Array, 1028: Type.Int64Array,
};

/** Numbers beyond 2^53, JSON and times stay text, the times in ISO 8601. */
const asIs = (text) => text;
const PARSERS = {
  ...Object.fromEntries([20, 26, 114, 1082, 1083, 1700, 3802].map((oid) => [oid, asIs])),
  1114: (text) => `${text.replace(' ', 'T')}+00:00`,
  1184: (text) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'),
};
const types = {
  getTypeParser: (oid, format) =>
    (format !== 'binary' && PARSERS[oid]) || pg.types.getTypeParser(oid, format),
};

function translate(error) {
  if (error instanceof DriverAdapterError) return error;
  const { code, message } = error;
  const original = { originalCode: code, originalMessage: message };
  if (code === '3D000')
    return new DriverAdapterError({
      ...original,
      kind: 'DatabaseDoesNotExist',
      db: message.match(/database "(.*)" does not/)?.[1],
    });
  if (code === '28P01')
    return new DriverAdapterError({ ...original, kind: 'AuthenticationFailed', user: '' });
  if (code === '42P01')
    return new DriverAdapterError({
      ...original,
      kind: 'TableDoesNotExist',
      table: message.match(/relation "(.*)" does not/)?.[1],
    });
  if (typeof error.syscall === 'string')
    return new DriverAdapterError({
      ...original,
      kind: 'DatabaseNotReachable',
      host: error.address,
      port: error.port,
    });
  if (!code || !error.severity) return error;
  return new DriverAdapterError({
    ...original,
    kind: 'postgres',
    code,
    severity: error.severity,
    message,
    detail: error.detail,
    column: error.column,
    hint: error.hint,
  });
}

/**
 * The engine asks this when it opens; `migrate diff` between two schema files must work where no database is.
 */
const VERSION_QUESTION = /server_version_num/;
const NO_DATABASE = {
  columnNames: ['exists', 'version', 'numeric_version'],
  columnTypes: [Type.Boolean, Type.Text, Type.Int32],
  rows: [[true, 'PostgreSQL 18.0', 180000]],
};

/** One connection, opened at its first use. */
class Connection {
  provider = ADAPTER.provider;
  adapterName = ADAPTER.adapterName;

  constructor(url, { mayBeAbsent = false, onDispose } = {}) {
    Object.assign(this, settingsOf(url), { mayBeAbsent, onDispose });
  }

  async #client() {
    this.opened ??= (async () => {
      const client = new pg.Client(this.settings);
      client.on('error', () => {}); // the next query says it
      await client.connect();
      return client;
    })();
    try {
      return await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw translate(error);
    }
  }

  async #query({ sql, args, argTypes }) {
    const client = await this.#client();
    const values = args.map((value, i) => {
      if (value instanceof Date) return value.toISOString();
      return typeof value === 'string' && argTypes[i]?.scalarType === 'bytes'
        ? Buffer.from(value, 'base64')
        : value;
    });
    return await client.query({ text: sql, values, rowMode: 'array', types }).catch((error) => {
      throw translate(error);
    });
  }

  async queryRaw(query) {
    try {
      const { fields, rows } = await this.#query(query);
      return {
        columnNames: fields.map((field) => field.name),
        columnTypes: fields.map((field) => TYPES[field.dataTypeID] ?? Type.Text),
        rows,
      };
    } catch (error) {
      if (this.mayBeAbsent && VERSION_QUESTION.test(query.sql)) return NO_DATABASE;
      throw error;
    }
  }

  async executeRaw(query) {
    return (await this.#query(query)).rowCount ?? 0;
  }

  /** As one message: one implicit transaction. */
  async executeScript(sql) {
    const client = await this.#client();
    await client.query(sql).catch((error) => {
      throw translate(error);
    });
  }

  getConnectionInfo() {
    return { schemaName: this.schema, supportsRelationJoins: true };
  }

  async startTransaction() {
    throw new Error('the schema engine opens no transactions');
  }

  async dispose() {
    const client = await this.opened?.catch(() => undefined);
    this.opened = undefined;
    await client?.end();
    await this.onDispose?.();
  }
}

/**
 * An engine on a database, and on a shadow database that it makes when it replays migrations. Close it, so
 * that the shadow goes.
 */
export async function openEngine({ url, shadowDatabaseUrl, datamodels }) {
  const connections = [];
  const track = (connection) => (connections.push(connection), connection);
  const factory = bindMigrationAwareSqlAdapterFactory({
    ...ADAPTER,
    connect: async () => track(new Connection(url, { mayBeAbsent: true })),
    connectToShadowDb: async () => {
      if (shadowDatabaseUrl) return track(new Connection(shadowDatabaseUrl));
      const name = `prisma_migrate_shadow_db_${randomUUID()}`;
      await createDatabase(url, name).catch((error) => {
        throw translate(error);
      });
      return track(new Connection(withName(url, name), { onDispose: () => dropDatabase(url, name) }));
    },
  });
  const engine = await glue.SchemaEngine.new({ datamodels }, () => {}, factory);
  const close = async () => {
    engine.free?.();
    for (const connection of connections) await connection.dispose().catch(() => {});
  };
  return { engine, close };
}
