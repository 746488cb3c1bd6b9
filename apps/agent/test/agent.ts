import { CommanderError } from 'commander';
import type { Report } from '@klpreg/wire';
import { Failure } from '../src/failure.js';
import { programOf } from '../src/program.js';

export interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program as `main.ts` does, in this process. */
export async function agent(...words: string[]): Promise<Outcome> {
  const said = { out: '', err: '' };
  const program = programOf(
    { out: (text) => void (said.out += text), err: (text) => void (said.err += text) },
    new AbortController().signal,
  );
  try {
    await program.parseAsync(['node', 'klpreg-agent', ...words]);
    return { exit: 0, ...said };
  } catch (error) {
    if (error instanceof CommanderError) return { exit: error.exitCode === 0 ? 0 : 2, ...said };
    if (error instanceof Failure)
      return { ...said, exit: error.exit, err: `${said.err}klpreg-agent: ${error.message}\n` };
    throw error;
  }
}

/** The report that `dump` prints; whatever it could not do is an error. */
export async function dumped(...words: string[]): Promise<Report> {
  const { exit, out, err } = await agent('dump', ...words);
  if (exit !== 0) throw new Error(err);
  return JSON.parse(out) as Report;
}
