import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Captured } from './captured.js';
import { run } from './programs/child.js';
import type { Registry } from './registry.js';
import type { Machine } from './shop/fleet.js';
import type { ShopKey } from './shop/key.js';
import type { Release } from './shop/releases.js';
import { Stop } from './stop.js';

const TIMEOUT_MS = 30_000;

/** Where the programs are that the demo runs. */
export interface Programs {
  readonly agent: string;
  readonly cli: string;
}

/** Makes the shop's key known, by the real command line, unless an earlier run did. */
export async function addKey(key: ShopKey, programs: Programs, registry: Registry): Promise<void> {
  const words = ['owner-key', 'add', key.owner, key.publicFile];
  const ended = await run(programs.cli, words, { env: { KLPREG_URL: registry.url, KLPREG_TOKEN: registry.token }, timeoutMs: TIMEOUT_MS });
  if (ended.exit !== 0 && !ended.stderr.includes('is known already')) throw new Stop(`The key of ${key.owner} was not taken:\n${ended.stderr.trim()}`);
}

/** Publishes a release's builds, by the real command line. @returns what became of each build */
export async function publish(release: Release, captured: Captured, key: ShopKey, programs: Programs, registry: Registry): Promise<string[]> {
  await captured.writeAuthor(release);
  const files = (['6.1', '7.3'] as const).map((kernel) => captured.module(kernel, release.module));
  const words = ['patch', 'publish', ...files, '--release', release.release, '--owner', release.owner, '-o', 'json'];
  if (release.owner === key.owner) words.push('--sign-key', key.privateFile);
  const ended = await run(programs.cli, words, { env: { KLPREG_URL: registry.url, KLPREG_TOKEN: registry.token }, timeoutMs: TIMEOUT_MS });
  if (ended.exit !== 0) throw new Stop(`Publishing ${release.release} failed (exit ${ended.exit ?? 'none: it took too long'}):\n${ended.stderr.trim()}`);
  return (JSON.parse(ended.stdout) as { files: { outcome: string }[] }).files.map((file) => file.outcome);
}

/**
 * Reports one host, by the real agent: at boot, before its first livepatch, and then as it is now.
 *
 * The instance is the hostname, so that a second run reports the same host. Each run is another boot of it, because the first report has no livepatch.
 * What the agent remembers is kept in `state`, or its sequence would begin at 1 again.
 *
 * @returns what the agent said
 */
export async function report(machine: Machine, captured: Captured, state: string, programs: Programs, registry: Registry): Promise<string> {
  const { hostname, labels } = machine;
  const roots = await captured.roots(machine);
  const own = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  const identity = ['--instance', `demo/${hostname}`, '--hostname', hostname, '--boot-id', randomUUID(), ...own];
  const rest = ['--modules', captured.modules(machine.kernel), '--state', path.join(state, hostname), '--url', registry.url];
  const said: string[] = [];
  for (const root of [roots.atBoot, roots.now]) {
    const env = { KLPREG_TOKEN: registry.token };
    const ended = await run(programs.agent, ['report', ...root, ...identity, ...rest], { env, timeoutMs: TIMEOUT_MS });
    if (ended.exit !== 0)
      throw new Stop(
        `The agent of ${hostname} failed (exit ${ended.exit ?? 'none: it took too long'}):\n${ended.stderr.trim()}\n` +
          `If this registry met the demo before, from another folder, start with a fresh one: another KLPREG_DATA for both.`,
      );
    said.push((ended.stdout + ended.stderr).trim());
  }
  return said.join('\n');
}
