import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../../..');
const SERVER = path.join(ROOT, 'apps/server/dist/main.js');
const DEMO = path.join(ROOT, 'apps/simulator/dist/demo.js');
const SIMULATE = path.join(ROOT, 'apps/simulator/dist/simulate.js');

/** A registry in a folder of its own, with its embedded PostgreSQL. */
export interface Registry {
  readonly url: string;
  readonly adminToken: string;
  /** Asks a question, as the admin. */
  readonly ask: (query: string, variables?: object) => Promise<Record<string, never>>;
  readonly stop: () => Promise<void>;
}

/** Waits until a program has printed something. @throws Error with its output if it ends before */
export function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += String(chunk);
      const found = pattern.exec(output);
      if (found !== null) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
}

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : Promise.resolve();

/**
 * Starts a registry, with the demo fleet, which is kept fresh, or with a simulated one.
 *
 * @param hosts of the simulated fleet; 0: the demo fleet
 * @param options of the simulation
 * @param settings of the registry, in addition to those of every test
 */
export async function startRegistry(
  hosts = 0,
  options: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<Registry> {
  const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-browser-'));
  const environment = {
    PATH: process.env.PATH!,
    KLPREG_PORT: '0',
    KLPREG_DATA: folder,
    KLPREG_LOG_LEVEL: 'error',
    KLPREG_ACCESS: 'on',
  };
  const start = (file: string, args: string[], env: Record<string, string>) =>
    spawn(process.execPath, [file, ...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const server = start(SERVER, [], { ...environment, ...settings });
  const url = (await printed(server, /listening on (http:\S+)/))[1]!;
  const adminToken = readFileSync(path.join(folder, 'admin-token'), 'utf8').trim();
  const fleet = start(
    hosts === 0 ? DEMO : SIMULATE,
    hosts === 0 ? [] : ['--hosts', String(hosts), '--batch', '500', ...options],
    { ...environment, KLPREG_URL: url, KLPREG_TOKEN: adminToken },
  );
  await printed(fleet, hosts === 0 ? /keeps the hosts fresh|Ctrl-C/ : /^[\d:]+ +[\d,]+ documents/m);
  return {
    url,
    adminToken,
    ask: async (query, variables = {}) => {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await answer.json()) as { data: Record<string, never>; errors?: unknown };
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    },
    stop: async () => {
      for (const child of [fleet, server]) {
        child.kill('SIGINT');
        await ended(child);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
