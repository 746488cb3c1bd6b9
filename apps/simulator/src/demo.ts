import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CapturedFiles } from './demo-fleet/captured-files.js';
import { DemoAgent, keepFresh } from './demo-fleet/demo-agent.js';
import { addKey, publish } from './demo-fleet/fill-registry.js';
import { type DemoHost, demoHosts } from './demo-fleet/hosts.js';
import { kernelTeamKey } from './demo-fleet/owner-key.js';
import { QUESTIONS } from './demo-fleet/questions.js';
import { RELEASES } from './demo-fleet/releases.js';
import { FatalError } from './fatal-error.js';
import { commandLine } from './programs/command-line.js';
import { mapConcurrently } from './programs/map-concurrently.js';
import { programOf, runProgram } from './programs/run-program.js';
import { dataFolder, findRegistry, type Registry } from './registry.js';

const CONCURRENCY = 2;
const INTERVAL_MS = 60_000;
const project = fileURLToPath(new URL('../../..', import.meta.url));
const klpreg = path.join(project, 'apps/cli/dist/main.js');
const programs = { agent: programOf(path.join(project, 'apps/agent/dist/main.js')), cli: programOf(klpreg) };

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const HELP = `usage: npm run demo [-- --once]

Fills a running registry with ${demoHosts().length} hosts, asks it three questions, and keeps the hosts fresh until Ctrl-C.

  --once  exit after the questions; five minutes later every answer is UNKNOWN, because the hosts are silent
  --help  show this help

The registry is KLPREG_URL (default: http://127.0.0.1:3000); KLPREG_TOKEN or the file admin-token in KLPREG_DATA is its token.
`;

/**
 * Publishes the releases and reports the hosts of the demo fleet, asks three questions, then keeps the hosts
 * fresh.
 */
async function demo(folder: string, once: boolean): Promise<void> {
  const stop = new AbortController();
  // a second signal kills the process
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const registry = await findRegistry(process.env);
  const hosts = demoHosts();
  const captured = await CapturedFiles.unpack(project, folder, hosts);
  const agents = await fill(registry, captured, hosts);
  if (stop.signal.aborted) return;
  await ask(registry);
  if (once)
    return print(
      '\nThe hosts are silent now: in five minutes every answer is UNKNOWN. Without --once the demo ' +
        'keeps them fresh.',
    );
  if (stop.signal.aborted) return;
  print(
    '\nThe agents go on reporting, each once a minute, so the answers stay as they are. Ctrl-C ends the ' +
      'demo; five minutes later every answer is UNKNOWN.',
  );
  await keepFresh(agents, INTERVAL_MS, stop.signal, (message) =>
    print(message === null ? 'The agents report again.' : `${message}\nThe agents try again.`),
  );
}

async function fill(
  registry: Registry,
  captured: CapturedFiles,
  hosts: readonly DemoHost[],
): Promise<DemoAgent[]> {
  const state = path.join(dataFolder(process.env), 'demo-agents');
  const key = await kernelTeamKey(state);
  await addKey(key, programs, registry);
  print(`Publishing ${RELEASES.length} releases, each built for two kernels, to ${registry.url}`);
  const published = await mapConcurrently(RELEASES, CONCURRENCY, async (release) => {
    const outcomes = await publish(release, captured, key, programs, registry);
    return { ...release, outcomes: [...new Set(outcomes)].join(', ').toLowerCase() };
  });
  for (const { release, owner, module, outcomes } of published)
    print(`  ${release.padEnd(22)} ${owner.padEnd(14)} ${module.padEnd(16)} ${outcomes}`);

  print(`\nReporting ${hosts.length} hosts, as at boot and as now; the agent reads captured /sys and /proc`);
  const agents = hosts.map((host) => new DemoAgent(host, captured, state, programs, registry));
  await mapConcurrently(agents, CONCURRENCY, (agent) => agent.start());
  print(`  ${hosts.map((host) => host.hostname).join(' ')}`);
  return agents;
}

/** Runs `klpreg` with each question, on the terminal of this process. */
async function ask(registry: Registry): Promise<void> {
  // the default is a table on a terminal only
  const format = process.stdout.isTTY ? [] : ['-o', 'table'];
  const env = {
    KLPREG_URL: registry.url,
    COLUMNS: process.env['COLUMNS'] ?? String(process.stdout.columns ?? 150),
  };
  for (const [i, { title, args }] of QUESTIONS.entries()) {
    print(`\n\n${i + 1}. ${title}\n\n$ ${commandLine('klpreg', [...args, ...format])}`);
    const options = { env, timeoutMs: 30_000, inheritsOutput: true } as const;
    const { exit } = await runProgram(klpreg, [...args, ...format], options);
    if (exit === null || exit === 2 || exit > 3)
      throw new FatalError(
        `The question was not answered (exit code ${exit ?? 'none: time limit exceeded'}).`,
      );
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

async function main(once: boolean): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'klpreg-demo-'));
  try {
    await demo(folder, once);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
const unknown = args.filter((arg) => arg !== '--once' && arg !== '--help');
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')}\n${HELP}`);
  process.exitCode = 2;
} else if (args.includes('--help')) process.stdout.write(HELP);
else await main(args.includes('--once'));
