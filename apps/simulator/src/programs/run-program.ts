import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** null if the program was stopped by its time limit. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** The program writes to the terminal of this process, and its output is not captured. */
  readonly inheritsOutput?: true;
}

/** Runs another program of the repository in a process of its own. Programs do not import each other. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], {
      env: { ...process.env, ...options.env },
      stdio: options.inheritsOutput ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, stdout: stdout.join(''), stderr: stderr.join('') }));
  });
}

/** Runs a program with these arguments and variables. */
export type Program = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) => Promise<ProgramResult>;

const TIMEOUT_MS = 30_000;

/** Returns the program of a file. Each run of it is a process of its own. */
export const programOf =
  (file: string): Program =>
  async (args, env) =>
    runProgram(file, args, { env, timeoutMs: TIMEOUT_MS });
