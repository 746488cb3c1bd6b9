import 'reflect-metadata';
import path from 'node:path';
import { type AdminToken, adminTokenMessage, bootstrapToken } from './access/bootstrap.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { Clock } from './clock.js';
import { Listeners } from './listeners.js';
import { createServer } from './server.js';
import { Database } from './database/database.js';
import { EmbeddedKeeper, EmbeddedPostgresError } from '@klpreg/embedded-postgres';
import { migrate } from './database/migrate.js';
import { isUnavailable } from './database/unavailable.js';
import { TokensStore } from './store/access/tokens.store.js';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../../prisma/migrations');
const say = (line: string) => process.stdout.write(`${line}\n`);

/** A stop that takes longer ends the process. */
const STOP_MS = 30_000;

/** Starts everything, in order; what was started is stopped again where a later part fails. */
async function start(config: Config): Promise<() => Promise<void>> {
  const embedded =
    config.databaseUrl === null
      ? await EmbeddedKeeper.start(
          { dir: path.join(config.dataDir, 'postgres') },
          say,
          (error) => void end(1, error.message),
        )
      : null;
  try {
    const url = config.databaseUrl ?? embedded!.url;
    const { applied } = await migrate(url, MIGRATIONS);
    const app = await createServer(config, url);
    await app.get(Database).check();
    await app.init();
    const token = await bootstrapToken(app.get(TokensStore), config, app.get(Clock).now());
    await app
      .get(Listeners)
      .listen(app, { port: config.port, host: config.host })
      .catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EADDRINUSE' || error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL'
          ? new ConfigError(
              `Cannot listen on ${config.host}:${config.port} (${error.code}): set KLPREG_PORT or ` +
                'KLPREG_HOST',
            )
          : error;
      });
    report(config, await app.getUrl(), applied.length, token, embedded?.adopted === true);
    return async () => {
      await app.close(); // answers what is under way, then closes its connections
      await embedded?.stop(); // only then the database
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

function report(config: Config, url: string, migrations: number, token: AdminToken, adopted: boolean): void {
  if (migrations > 0) say(`database: ${migrations} migration${migrations === 1 ? '' : 's'} applied`);
  if (config.databaseUrl === null)
    say(
      `database: embedded, in ${path.resolve(config.dataDir, 'postgres')}` +
        (adopted ? '; another process began it, and this one takes over when that ends' : ''),
    );
  const message = adminTokenMessage(token, config.dataDir);
  if (message !== null) say(message);
  say(`page: ${url}/   documents: ${url}/docs   questions: ${url}/graphql`);
  say(`listening on ${url}`);
}

let stop: (() => Promise<void>) | null = null;
let ending = false;

/**
 * Stops cleanly and ends the process. The second call, or a time-out, ends it at once. An embedded database
 * of this process then ends by itself.
 */
async function end(code: number, why: string): Promise<void> {
  if (ending) {
    say('ending at once: what is under way is not answered');
    process.exit(1);
  }
  ending = true;
  say(why);
  setTimeout(() => {
    console.error(`Stopping took longer than ${STOP_MS / 1000} s`);
    process.exit(1);
  }, STOP_MS).unref();
  try {
    await stop?.();
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
  process.exit(code);
}

async function main(): Promise<void> {
  stop = await start(readConfig(process.env));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(0, 'stopping'));
}

main().catch((error: unknown) => {
  // what can be mended from outside is a message; anything else is a bug, and its stack helps
  const mendable =
    error instanceof ConfigError || error instanceof EmbeddedPostgresError || isUnavailable(error);
  console.error(mendable ? (error as Error).message : error);
  process.exit(mendable ? 2 : 1);
});
