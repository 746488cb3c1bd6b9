import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CapturedFiles } from './demo-fleet/captured-files.js';
import { addKey, publish, report } from './demo-fleet/fill-registry.js';
import { type DemoHost, demoHosts } from './demo-fleet/hosts.js';
import { kernelTeamKey } from './demo-fleet/owner-key.js';
import { QUESTIONS } from './demo-fleet/questions.js';
import { RELEASES } from './demo-fleet/releases.js';
import { FatalError } from './fatal-error.js';
import { commandLine } from './programs/command-line.js';
import { mapConcurrently } from './programs/map-concurrently.js';
import { runProgram } from './programs/run-program.js';
import { dataFolder, findRegistry, type Registry } from './registry.js';

const CONCURRENCY = 2;
const project = fileURLToPath(new URL('../../..', import.meta.url));
const programs = {
  agent: path.join(project, 'apps/agent/dist/main.js'),
  cli: path.join(project, 'apps/cli/dist/main.js'),
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Publishes the releases and reports the hosts of the demo fleet, then asks three questions. */
async function demo(folder: string): Promise<void> {
  const registry = await findRegistry(process.env);
  const hosts = demoHosts();
  const captured = await CapturedFiles.unpack(project, folder, hosts);
  await fill(registry, captured, hosts);
  await ask(registry);
}

async function fill(registry: Registry, captured: CapturedFiles, hosts: readonly DemoHost[]): Promise<void> {
  const state = path.join(dataFolder(process.env), 'demo-agents');
  const key = await kernelTeamKey(state);
  await addKey(key, programs, registry);
  print(`Publishing ${RELEASES.length} releases, each built for two kernels, to ${registry.url}`);
  const published = await mapConcurrently(RELEASES, CONCURRENCY, async (release) => {
    const outcomes = await publish(release, captured, key, programs, registry);
    return { ...release, outcomes: [...new Set(outcomes)].join(', ').toLowerCase() };
  });
  for (const { release, owner, module, outcomes } of published) print(`  ${release.padEnd(22)} ${owner.padEnd(14)} ${module.padEnd(16)} ${outcomes}`);

  print(`\nReporting ${hosts.length} hosts, as at boot and as now; the agent reads captured /sys and /proc`);
  await mapConcurrently(hosts, CONCURRENCY, (host) => report(host, captured, state, programs, registry));
  print(`  ${hosts.map((host) => host.hostname).join(' ')}`);
}

/** Runs `klpreg` with each question, on the terminal of this process. */
async function ask(registry: Registry): Promise<void> {
  // the default is a table on a terminal only
  const format = process.stdout.isTTY ? [] : ['-o', 'table'];
  const env = { KLPREG_URL: registry.url, COLUMNS: process.env['COLUMNS'] ?? String(process.stdout.columns ?? 150) };
  for (const [i, { title, args }] of QUESTIONS.entries()) {
    print(`\n\n${i + 1}. ${title}\n\n$ ${commandLine('klpreg', [...args, ...format])}`);
    const options = { env, timeoutMs: 30_000, inheritsOutput: true } as const;
    const { exit } = await runProgram(programs.cli, [...args, ...format], options);
    if (exit === null || exit === 2 || exit > 3) throw new FatalError(`The question was not answered (exit code ${exit ?? 'none: time limit exceeded'}).`);
    print(`exit code ${exit}`);
  }
  const program = 'node apps/cli/bin/klpreg.js';
  const more: (readonly string[])[] = [
    ...QUESTIONS.map((question) => question.args),
    ['can-i-downgrade', '--to', 'original', '--where', 'role=cache'],
    ['explain', 'web-5.ams', '--to', 'cumulative-2026.09'],
    ['explain', 'db-2.fra', '--to', 'previous'],
    ['hosts'],
    ['states'],
    ['patch', 'list'],
  ];
  const prefix = registry.url === 'http://127.0.0.1:3000' ? '' : `KLPREG_URL=${registry.url} `;
  const lines = more.map((args) => `  ${prefix}${commandLine(program, args)}`);
  print(`\nMore questions to try:\n${lines.join('\n')}`);
}

const folder = await mkdtemp(path.join(tmpdir(), 'klpreg-demo-'));
try {
  await demo(folder);
} catch (error) {
  if (!(error instanceof FatalError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
