import { spawn } from 'node:child_process';

/** How a program ended, and what it said. */
export interface Ended {
  /** null: it was stopped because its time was up. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is started. */
export interface Start {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** Its output goes to where ours goes, so that it sees the same terminal. */
  readonly onOurTerminal?: true;
}

/** Runs one of our programs, as a stranger: by its file, in a process of its own. */
export function run(file: string, words: readonly string[], start: Start): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...words], {
      env: { ...process.env, ...start.env },
      stdio: start.onOurTerminal ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      timeout: start.timeoutMs,
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, stdout: stdout.join(''), stderr: stderr.join('') }));
  });
}
