import { CommanderError } from 'commander';
import { Failure } from './failure.js';
import { programOf } from './program.js';

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
// The reader of stdout may have gone (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 70));

const streams = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
};
try {
  await programOf(streams, stop.signal).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof Failure) {
    streams.err(`klpreg-agent: ${error.message}\n`);
    process.exitCode = error.exit;
  } else {
    streams.err(
      'klpreg-agent: unexpected error in this program: ' +
        `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 70;
  }
}
