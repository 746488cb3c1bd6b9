import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { FatalError } from '../fatal-error.js';
import { type ProgramResult, runProgram } from '../programs/run-program.js';
import type { Registry } from '../registry.js';
import type { CapturedFiles } from './captured-files.js';
import type { DemoHost } from './hosts.js';
import type { OwnerKey } from './owner-key.js';
import type { Release } from './releases.js';

const TIMEOUT_MS = 30_000;

/** Paths of the programs that the demo runs. */
export interface Programs {
  readonly agent: string;
  readonly cli: string;
}

const runCli = (args: readonly string[], programs: Programs, { url, token }: Registry): Promise<ProgramResult> =>
  runProgram(programs.cli, args, { env: { KLPREG_URL: url, KLPREG_TOKEN: token }, timeoutMs: TIMEOUT_MS });

const failure = ({ exit, stderr }: ProgramResult): string => `(exit code ${exit ?? 'none: time limit exceeded'}):\n${stderr.trim()}`;

/** Adds the owner's public key with `klpreg`, unless an earlier run did. */
export async function addKey(key: OwnerKey, programs: Programs, registry: Registry): Promise<void> {
  const result = await runCli(['owner-key', 'add', key.owner, key.publicFile], programs, registry);
  if (result.exit !== 0 && !result.stderr.includes('is known already')) throw new FatalError(`The key of ${key.owner} could not be added ${failure(result)}`);
}

/** Publishes the builds of a release with `klpreg`. @returns the outcome of each build */
export async function publish(release: Release, captured: CapturedFiles, key: OwnerKey, programs: Programs, registry: Registry): Promise<string[]> {
  await captured.writeStatement(release);
  const files = (['6.1', '7.3'] as const).map((kernel) => captured.module(kernel, release.module));
  const args = ['patch', 'publish', ...files, '--release', release.release, '--owner', release.owner, '-o', 'json'];
  if (release.owner === key.owner) args.push('--sign-key', key.privateFile);
  const result = await runCli(args, programs, registry);
  if (result.exit !== 0) throw new FatalError(`Publishing ${release.release} failed ${failure(result)}`);
  return (JSON.parse(result.stdout) as { files: { outcome: string }[] }).files.map((file) => file.outcome);
}

/**
 * Reports a host with the agent: first as at boot, before its first livepatch, then as it is now.
 *
 * The instance is the hostname, so that a second run reports the same host.
 * Each run is another boot, because the first report has no livepatch.
 * The agent's state is kept in `state`, so that its sequence continues.
 *
 * @returns the output of the agent
 */
export async function report(host: DemoHost, captured: CapturedFiles, state: string, programs: Programs, registry: Registry): Promise<string> {
  const { hostname, labels } = host;
  const roots = await captured.roots(host);
  const labelFlags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  const identity = ['--instance', `demo/${hostname}`, '--hostname', hostname, '--boot-id', randomUUID(), ...labelFlags];
  const rest = ['--modules', captured.modules(host.kernel), '--state', path.join(state, hostname), '--url', registry.url];
  const output: string[] = [];
  for (const root of [roots.atBoot, roots.now]) {
    const env = { KLPREG_TOKEN: registry.token };
    const args = ['report', ...root, ...identity, ...rest];
    const result = await runProgram(programs.agent, args, { env, timeoutMs: TIMEOUT_MS });
    if (result.exit !== 0) throw new FatalError(`The agent of ${hostname} failed ${failure(result)}\n${ANOTHER_STATE}`);
    output.push((result.stdout + result.stderr).trim());
  }
  return output.join('\n');
}

const ANOTHER_STATE = 'If this registry has hosts of a demo that ran in another folder, set KLPREG_DATA to a new folder for both.';
