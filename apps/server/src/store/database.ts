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

/** Prisma on our own pool of connections. */
@Injectable()
export class Database extends PrismaClient implements OnApplicationShutdown {
  constructor(@Inject(DATABASE_OPTIONS) options: Pick<DatabaseOptions, 'url' | 'connections'>) {
    // The adapter relabels every timestamptz as +00:00 without converting: the session must really be in UTC.
    const pool = new pg.Pool({ connectionString: options.url, max: options.connections, options: '-c TimeZone=UTC' });
    // A connection that dies while idle is replaced by the pool at its next use.
    pool.on('error', () => {});
    // Under a herd a batch waits for a connection longer than the two seconds that are the default; what waits is bounded elsewhere.
    super({ adapter: new PrismaPg(pool, { disposeExternalPool: true }), transactionOptions: { maxWait: 20_000, timeout: 60_000 } });
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
