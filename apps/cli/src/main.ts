import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './exits.js';
import { run } from './run.js';
import { cleanLines } from './show/clean.js';
import type { Output, Environment } from './environment.js';

const outputTo = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => void stream.write(text),
  get isTTY() {
    return stream.isTTY ?? false;
  },
  get columns() {
    return stream.columns ?? (Number(process.env['COLUMNS']) || undefined);
  },
});

const environment: Environment = {
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  env: process.env,
  home: homedir(),
  now: Date.now,
  sleep: async (milliseconds) => void (await sleep(milliseconds)),
};

// An early end of the process must not look like a yes.
process.exitCode = EXIT.UNREACHABLE;
const unexpected = (error: unknown): never => {
  process.stderr.write(
    cleanLines(`error: unexpected error: ${error instanceof Error ? error.stack : String(error)}\n`),
  );
  process.exit(EXIT.UNREACHABLE);
};
process.on('uncaughtException', unexpected);
process.on('unhandledRejection', unexpected);
// The reader of stdout has gone (`| head`), so the answer was not delivered.
process.stdout.on('error', () => process.exit(EXIT.UNREACHABLE));

process.exitCode = await run(process.argv.slice(2), environment);
