import 'reflect-metadata';
import path from 'node:path';
import { bootstrapToken, tokenFile } from './access/bootstrap.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { Clock } from './clock.js';
import { BACKLOG } from './listeners.js';
import { createServer } from './server.js';
import { Database } from './store/database.js';
import { EmbeddedPostgres } from './store/embedded.js';
import { migrate } from './store/migrate.js';
import { DatabaseUnavailable } from './store/unavailable.js';
import { TokensStore } from './store/tokens.store.js';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../../prisma/migrations');
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Starts everything, in order; what was started is stopped again where a later part fails. */
async function start(config: Config): Promise<() => Promise<void>> {
  const embedded = config.databaseUrl === null ? await EmbeddedPostgres.start({ dir: path.join(config.dataDir, 'postgres') }) : null;
  try {
    const url = config.databaseUrl ?? embedded!.url;
    const { applied } = await migrate(url, MIGRATIONS);
    const app = await createServer(config, url);
    await app.get(Database).check();
    await app.init();
    const token = await bootstrapToken(app.get(TokensStore), config.dataDir, app.get(Clock).now());
    await app.listen({ port: config.port, host: config.host, backlog: BACKLOG }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE' || error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL'
        ? new ConfigError(`Cannot listen on ${config.host}:${config.port} (${error.code}): set KLPREG_PORT or KLPREG_HOST`)
        : error;
    });
    report(config, await app.getUrl(), applied.length, token);
    return async () => {
      await app.close(); // answers what is under way, then closes its connections
      await embedded?.stop(); // only then the database
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

function report(config: Config, url: string, migrations: number, madeToken: string | null): void {
  const token = madeToken ?? tokenFile(config.dataDir);
  if (migrations > 0) say(`database: ${migrations} migration${migrations === 1 ? '' : 's'} applied`);
  if (config.databaseUrl === null) say(`database: embedded, in ${path.resolve(config.dataDir, 'postgres')}`);
  if (token !== null) say(`admin token: ${madeToken === null ? '' : 'made, '}in ${token}`);
  say(`documents: ${url}/docs   questions: ${url}/graphql`);
  say(`listening on ${url}`);
}

async function main(): Promise<void> {
  const stop = await start(readConfig(process.env));
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      say('stopping');
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
  }
}

main().catch((error: unknown) => {
  // what can be mended from outside is a message; anything else is a bug, and its stack helps
  const mendable = error instanceof ConfigError || error instanceof DatabaseUnavailable;
  console.error(mendable ? error.message : error);
  process.exit(mendable ? 2 : 1);
});
