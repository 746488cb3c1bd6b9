import { hash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from './generated/client.js';

export const DATABASE_OPTIONS = Symbol('DATABASE_OPTIONS');
export interface DatabaseOptions {
  readonly url: string;
  /** Of a replica for questions; null: they are asked of the database itself. */
  readonly readUrl: string | null;
  readonly connections: number;
}

/** A transaction, or the database itself. */
export type Connection = Pick<Database, '$queryRaw' | '$executeRaw'>;

/**
 * Under which name is this statement prepared? Empty: it is not.
 *
 * A statement that begins with a comment is prepared once on each connection, and planned once more or less; hot ones do. The text belongs to the name, because its conditions differ;
 * Prisma's own texts are not prepared, because there is no end of them.
 */
const nameOf = (sql: string): string => {
  const [, word] = /^\s*\/\* ([\w.]+) \*\//.exec(sql) ?? [];
  if (word === undefined) return '';
  const name = names.get(sql) ?? `${word}.${hash('sha1', sql, 'base64url')}`;
  if (names.size >= NAMES_HELD) names.clear();
  names.set(sql, name);
  return name;
};
const names = new Map<string, string>();
const NAMES_HELD = 500;

/** Prisma on our own pool of connections. */
@Injectable()
export class Database extends PrismaClient implements OnApplicationShutdown {
  readonly pool: pg.Pool;

  constructor(@Inject(DATABASE_OPTIONS) options: Pick<DatabaseOptions, 'url' | 'connections'>) {
    // The adapter relabels every timestamptz as +00:00 without converting: the session must really be in UTC.
    // Indexes are in memory, or on disks without heads: PostgreSQL's default cost of a random page is of another time, and sends a batch of 500 hosts
    // through the whole table. Workers for one question take longer to start than the question.
    const pool = new pg.Pool({
      connectionString: options.url,
      max: options.connections,
      // A new connection knows nothing: what is prepared, where what is in memory. Ten seconds, the default, is less than the pause between two bursts.
      idleTimeoutMillis: 600_000,
      options: '-c TimeZone=UTC -c random_page_cost=1.1 -c max_parallel_workers_per_gather=0',
    });
    // A connection that dies while idle is replaced by the pool at its next use.
    pool.on('error', () => {});
    // Under a herd a batch waits for a connection longer than the two seconds that are the default; what waits is bounded elsewhere.
    super({
      adapter: new PrismaPg(pool, { disposeExternalPool: true, statementNameGenerator: ({ sql }) => nameOf(sql) }),
      transactionOptions: { maxWait: 20_000, timeout: 60_000 },
    });
    this.pool = pool;
  }

  /** Last of all: what is under way is answered before. */
  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}

/** Where questions are asked: a replica, or the database itself. What is read from it may be a moment old, and is of one instant in one statement. */
export abstract class ReadDatabase extends Database {}

/** The database for questions, beside the one for everything else. */
export const readDatabase = (main: Database, { readUrl, connections }: DatabaseOptions): Database =>
  readUrl === null ? main : new Database({ url: readUrl, connections });

export { Prisma };
