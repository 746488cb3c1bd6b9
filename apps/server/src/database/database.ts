import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { ensureEpoch } from './epoch.js';
import { Faults } from './faults.js';
import { PrismaClient } from './generated/client.js';
import { LIMITS, PatientClient } from './patient-client.js';
import { checkSession } from './session.js';
import { statementOf } from './sql.js';
import { DatabaseTime } from './database-time.js';
import { DatabaseUnavailable } from './unavailable.js';

export const DATABASE_OPTIONS = Symbol('DATABASE_OPTIONS');
export interface DatabaseOptions {
  readonly url: string;
  /** The address of a replica for questions; null: the primary answers them. */
  readonly readUrl: string | null;
  readonly connections: number;
  /** True: sessions cannot write, and no epoch begins there. */
  readonly isReplica?: boolean;
}

/** A transaction, or the database itself. */
export type Connection = Pick<Database, '$queryRaw' | '$executeRaw'>;

/** Settings of every session. */
const SESSION = {
  // The adapter labels every timestamptz as +00:00 without converting it. So the session must be in UTC; it
  // is checked.
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  // Indexes are in memory or on SSDs. With PostgreSQL's default, a batch of 500 hosts would scan the whole
  // table.
  random_page_cost: '1.1',
  // Workers take longer to start than a question takes.
  max_parallel_workers_per_gather: '0',
  lock_timeout: String(LIMITS.lockMs),
  statement_timeout: String(LIMITS.longMs),
  idle_in_transaction_session_timeout: String(LIMITS.longMs),
};

/** Prisma on a pool of `pg` connections. */
@Injectable()
export class Database extends PrismaClient implements OnApplicationShutdown {
  readonly pool: pg.Pool;
  /** The clock of the primary; a replica's is not read. */
  readonly time: DatabaseTime;
  readonly faults: Faults;
  /** The epoch of the primary at the last check; null for a replica. */
  epochName: string | null = null;
  private readonly clients = new Set<PatientClient>();
  private readonly isReplica: boolean;

  constructor(@Inject(DATABASE_OPTIONS) options: Pick<DatabaseOptions, 'url' | 'connections' | 'isReplica'>) {
    const isReplica = options.isReplica === true;
    const pool = new WatchedPool({
      connectionString: options.url,
      max: options.connections,
      // A new connection has no prepared statements and cold caches. The default, ten seconds, is less than
      // the pause between two bursts.
      idleTimeoutMillis: 600_000,
      connectionTimeoutMillis: LIMITS.waitMs,
      options: Object.entries(SESSION)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
      Client: PatientClient as unknown as pg.PoolOptions['Client'],
      onConnect: (async (client: pg.ClientBase) =>
        this.welcome(client)) as unknown as pg.PoolConfig['onConnect'],
    });
    // A connection that dies while idle is replaced by the pool at its next use.
    pool.on('error', () => {});
    // The pool limits how long a transaction waits for a connection. Some transactions are maintenance.
    super({
      adapter: new PrismaPg(pool, {
        disposeExternalPool: true,
        statementNameGenerator: ({ sql }) => statementOf(sql).name,
      }),
      transactionOptions: { maxWait: LIMITS.waitMs + LIMITS.connectMs, timeout: LIMITS.longMs },
    });
    this.pool = pool;
    this.time = new DatabaseTime();
    this.faults = new Faults(isReplica ? 'replica' : 'database');
    this.isReplica = isReplica;
    pool.failed = (error) => this.faults.note(error);
  }

  /**
   * Checks a connection as every new one is checked.
   *
   * @throws DatabaseUnavailable, or an error of the driver, if the database cannot be used
   */
  async check(): Promise<void> {
    try {
      const client = await this.pool.connect();
      try {
        await this.welcome(client);
      } finally {
        client.release();
      }
    } catch (error) {
      if ((error as { code?: string }).code !== '42501') throw error;
      throw new DatabaseUnavailable(
        `The role of the database may not do what the registry needs (${(error as Error).message}): let ` +
          'their owner GRANT ALL ON ALL TABLES IN SCHEMA public TO it, or make it their owner',
        { cause: error },
      );
    }
  }

  /** Whether sessions may write. */
  async isWritable(): Promise<boolean> {
    const [row] = await this.$queryRaw<{ closed: boolean }[]>`
      SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS closed`;
    return row?.closed === false;
  }

  /** Checks a connection before its first statement. On a primary it begins a new epoch if necessary. */
  private async welcome(client: pg.ClientBase): Promise<void> {
    this.watch(client as unknown as PatientClient);
    await checkSession(client, this.isReplica ? null : this.time);
    if (!this.isReplica) this.epochName = await ensureEpoch(client);
  }

  /**
   * If one connection gets no answer, the idle ones are closed as well: the next statement gets a new one.
   */
  private watch(client: PatientClient): void {
    if (this.clients.has(client)) return;
    this.clients.add(client);
    client.once('end', () => this.clients.delete(client));
    client.onError = (error) => this.faults.note(error);
    client.onSilence = () => {
      for (const other of this.clients) if (other.idle) other.destroy();
    };
  }

  /** Runs last: requests in progress are answered before. */
  async onApplicationShutdown(): Promise<void> {
    this.faults.close();
    await this.$disconnect();
  }
}

/** A pool that reports failed connections. */
class WatchedPool extends pg.Pool {
  failed: (error: unknown) => void = () => {};

  override connect(...given: never[]): never {
    const [callback] = given as unknown[] as [((error: Error | undefined, ...rest: unknown[]) => void)?];
    if (callback === undefined) {
      return (super.connect() as Promise<pg.PoolClient>).catch((error: unknown) => {
        this.failed(error);
        throw error;
      }) as never;
    }
    return super.connect(((error: Error | undefined, ...rest: unknown[]) => {
      if (error) this.failed(error);
      callback(error, ...rest);
    }) as never) as never;
  }
}
