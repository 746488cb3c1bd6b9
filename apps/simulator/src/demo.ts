import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Captured } from './captured.js';
import { addKey, publish, report } from './fill.js';
import { run } from './programs/child.js';
import { commandLine } from './programs/command-line.js';
import { inTurn } from './programs/in-turn.js';
import { dataFolder, findRegistry, type Registry } from './registry.js';
import { fleet, type Machine } from './shop/fleet.js';
import { shopKey } from './shop/key.js';
import { QUESTIONS } from './shop/questions.js';
import { RELEASES } from './shop/releases.js';
import { Stop } from './stop.js';

const AT_ONCE = 2;
const project = fileURLToPath(new URL('../../..', import.meta.url));
const programs = { agent: path.join(project, 'apps/agent/dist/main.js'), cli: path.join(project, 'apps/cli/dist/main.js') };

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Fills a registry with a small believable shop, then asks it three questions. */
async function demo(folder: string): Promise<void> {
  const registry = await findRegistry(process.env);
  const machines = fleet();
  const captured = await Captured.unpack(project, folder, machines);
  await fill(registry, captured, machines);
  await ask(registry);
}

async function fill(registry: Registry, captured: Captured, machines: readonly Machine[]): Promise<void> {
  const state = path.join(dataFolder(process.env), 'demo-agents');
  const key = await shopKey(state);
  await addKey(key, programs, registry);
  say(`Publishing ${RELEASES.length} releases, each built for two kernels, to ${registry.url}`);
  const outcomes = await inTurn(RELEASES, AT_ONCE, async (release) => ({ release, outcomes: await publish(release, captured, key, programs, registry) }));
  for (const { release, outcomes: each } of outcomes)
    say(`  ${release.release.padEnd(22)} ${release.owner.padEnd(14)} ${release.module.padEnd(16)} ${[...new Set(each)].join(', ').toLowerCase()}`);

  say(`\nReporting ${machines.length} hosts, at boot and now; each is a captured /sys and /proc of a real kernel, read by the real agent`);
  await inTurn(machines, AT_ONCE, (machine) => report(machine, captured, state, programs, registry));
  say(`  ${machines.map((machine) => machine.hostname).join(' ')}`);
}

/** Asks with the real command line, on our terminal: what is seen is what one would see. */
async function ask(registry: Registry): Promise<void> {
  // on a terminal a table is what one gets; in a pipe one has to ask for it
  const form = process.stdout.isTTY ? [] : ['-o', 'table'];
  const env = { KLPREG_URL: registry.url, COLUMNS: process.env['COLUMNS'] ?? String(process.stdout.columns ?? 150) };
  for (const [i, { title, words }] of QUESTIONS.entries()) {
    say(`\n\n${i + 1}. ${title}\n\n$ ${commandLine('klpreg', [...words, ...form])}`);
    const ended = await run(programs.cli, [...words, ...form], { env, timeoutMs: 30_000, onOurTerminal: true });
    if (ended.exit === null || ended.exit === 2 || ended.exit > 3)
      throw new Stop(`The question could not be answered (exit ${ended.exit ?? 'none: it took too long'}).`);
    say(`exit code ${ended.exit}`);
  }
  const program = 'node apps/cli/bin/klpreg.js';
  const more: (readonly string[])[] = [
    ...QUESTIONS.map((question) => question.words),
    ['can-i-downgrade', '--to', 'original', '--where', 'role=cache'],
    ['explain', 'web-5.ams', '--to', 'cumulative-2026.09'],
    ['explain', 'db-2.fra', '--to', 'previous'],
    ['hosts'],
    ['states'],
    ['patch', 'list'],
  ];
  const where = registry.url === 'http://127.0.0.1:3000' ? '' : `KLPREG_URL=${registry.url} `;
  say(`\nAsk again yourself:\n${more.map((words) => `  ${where}${commandLine(program, words)}`).join('\n')}`);
}

const folder = await mkdtemp(path.join(tmpdir(), 'klpreg-demo-'));
try {
  await demo(folder);
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
