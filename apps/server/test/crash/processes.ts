import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres } from '@klpreg/embedded-postgres';

const MAIN = path.join(__dirname, '../../dist/main.js');

/** The built server, in a process of its own. */
export class ServerProcess {
  private text = '';
  url = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
  }

  /** Returns when the server listens. */
  static async start(dataDir: string, environment: Record<string, string>): Promise<ServerProcess> {
    const env = {
      PATH: process.env['PATH'],
      HOME: dataDir,
      KLPREG_DATA: dataDir,
      KLPREG_PORT: '0',
      ...environment,
    };
    const server = new ServerProcess(
      spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    for (const deadline = Date.now() + 120_000; server.url === ''; await sleep(20)) {
      if (server.ended || Date.now() > deadline) {
        await server.kill();
        throw new Error(`the server did not start:\n${server.output}`);
      }
      server.url = /listening on (http\S+)/.exec(server.text)?.[1] ?? '';
    }
    return server;
  }

  get output(): string {
    return this.text;
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Does nothing if the process has ended already. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await gone;
  }
}

/** A PostgreSQL that can be killed and started again at the same address. By default it has fsync on. */
export class PostgresProcess {
  private constructor(
    private readonly dir: string,
    private running: EmbeddedPostgres,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(dir: string, settings: Record<string, string> = {}): Promise<PostgresProcess> {
    const all = { shared_buffers: '32MB', ...settings };
    return new PostgresProcess(dir, await EmbeddedPostgres.start({ dir, settings: all }), all);
  }

  get url(): string {
    return this.running.url;
  }

  /** Kills the postmaster and all its child processes. */
  async kill(): Promise<void> {
    const postmaster = this.postmaster();
    const all = [postmaster, ...childrenOf(postmaster)];
    for (const pid of all) signal(pid, 'SIGKILL');
    await untilGone(all);
  }

  /** Kills the backend of one connection. The postmaster then ends all others, and recovers by itself. */
  async killOne(): Promise<void> {
    const working = childrenOf(this.postmaster()).filter((pid) => commandOf(pid).includes('127.0.0.1'));
    const [victim] = working;
    if (victim === undefined) return;
    signal(victim, 'SIGKILL');
    await untilGone(working);
  }

  async restart(): Promise<void> {
    const { port } = new URL(this.url);
    this.running = await EmbeddedPostgres.start({
      dir: this.dir,
      port: Number(port),
      settings: this.settings,
    });
  }

  async stop(): Promise<void> {
    await this.running.stop();
  }

  private postmaster(): number {
    return Number(readFileSync(path.join(this.dir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  }
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);
const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter(isNumber)
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent);

/** @returns null if there is no such process */
function statOf(pid: number): { readonly state: string; readonly parent: number } | null {
  const stat = read(`/proc/${pid}/stat`);
  const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? null : { state, parent: Number(parent) };
}

const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // gone
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until the processes have ended. A zombie has ended. */
async function untilGone(pids: readonly number[]): Promise<void> {
  for (
    const deadline = Date.now() + 10_000;
    pids.some((pid) => !['Z', undefined].includes(statOf(pid)?.state));
    await sleep(5)
  )
    if (Date.now() > deadline) throw new Error(`still there: ${pids.join(' ')}`);
}
