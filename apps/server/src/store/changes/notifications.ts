import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import pg from 'pg';
import { DATABASE_OPTIONS, type DatabaseOptions } from '../../database/database.js';
import { CHANGES } from './channel.js';

/** How long a lost connection is not tried again. */
const RETRY_MS = 1_000;

/**
 * Listens to what other servers change, by a connection of its own, while a subscription is open.
 *
 * A notification is a hint: it can be lost with the connection. So listeners are called after each new
 * connection as well, and look at the present state themselves.
 */
@Injectable()
export class Notifications implements OnModuleDestroy {
  private client: pg.Client | null = null;
  private listener: ((isNewConnection: boolean) => void) | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(DATABASE_OPTIONS) private readonly options: Pick<DatabaseOptions, 'url'>) {}

  /** Calls the listener for each change, and after each new connection, until `stop`. */
  start(listener: (isNewConnection: boolean) => void): void {
    this.listener = listener;
    void this.connect();
  }

  async stop(): Promise<void> {
    this.listener = null;
    clearTimeout(this.timer);
    const { client } = this;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.options.url,
      application_name: 'klpreg listens',
      keepAlive: true,
    });
    this.client = client;
    let isLost = false;
    const lost = (): void => {
      if (isLost) return;
      isLost = true;
      void client.end().catch(() => undefined);
      if (this.client !== client || this.listener === null) return;
      this.client = null;
      this.timer = setTimeout(() => void this.connect(), RETRY_MS);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', () => this.listener?.(false));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANGES}`);
      if (this.client === client) this.listener?.(true);
    } catch {
      lost();
    }
  }
}
