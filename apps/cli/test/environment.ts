import { run } from '../src/run.js';
import type { Environment } from '../src/environment.js';

/** Keeps what was written. Its time passes only in `sleep`. */
export class TestEnvironment implements Environment {
  out = '';
  err = '';
  time = Date.parse('2026-11-23T10:00:00Z');
  readonly slept: number[] = [];
  readonly env: Record<string, string | undefined>;
  readonly home = '/nowhere';
  readonly stdout;
  readonly stderr;

  constructor(
    env: Record<string, string | undefined> = {},
    tty: { isTTY: boolean; columns: number | undefined } = { isTTY: false, columns: undefined },
  ) {
    this.env = env;
    this.stdout = { write: (text: string) => void (this.out += text), ...tty };
    this.stderr = { write: (text: string) => void (this.err += text), ...tty };
  }

  now = (): number => this.time;

  sleep = async (milliseconds: number): Promise<void> => {
    this.slept.push(milliseconds);
    this.time += milliseconds;
  };
}

/** Runs klpreg once. */
export async function klpreg(
  words: readonly string[],
  env: Record<string, string | undefined> = {},
  environment = new TestEnvironment(env),
) {
  const exit = await run(words, environment);
  return { exit, out: environment.out, err: environment.err, environment };
}
