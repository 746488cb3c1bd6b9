import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from './generated/client.js';

export const DATABASE_OPTIONS = Symbol('DATABASE_OPTIONS');
export interface DatabaseOptions {
  readonly url: string;
  readonly connections: number;
}

/** A transaction, or the database itself. */
export type Connection = Pick<Database, '$queryRaw' | '$executeRaw'>;

/** Prisma on our own pool of connections. */
@Injectable()
export class Database extends PrismaClient implements OnModuleDestroy {
  constructor(@Inject(DATABASE_OPTIONS) options: DatabaseOptions) {
    // The adapter relabels every timestamptz as +00:00 without converting: the session must really be in UTC.
    const pool = new pg.Pool({ connectionString: options.url, max: options.connections, options: '-c TimeZone=UTC' });
    // A connection that dies while idle is replaced by the pool at its next use.
    pool.on('error', () => {});
    super({ adapter: new PrismaPg(pool, { disposeExternalPool: true }) });
  }

  async onModuleDestroy(): Promise<void> {
    await this.$disconnect();
  }
}

export { Prisma };
