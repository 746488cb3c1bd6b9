import { FatalError } from '../fatal-error.js';
import type { Program, ProgramResult } from '../programs/run-program.js';
import type { Registry } from '../registry.js';
import type { CapturedFiles } from './captured-files.js';
import type { OwnerKey } from './owner-key.js';
import type { Release } from './releases.js';

/** The programs that the demo runs. */
export interface Programs {
  readonly agent: Program;
  readonly cli: Program;
}

const runCli = async (
  args: readonly string[],
  programs: Programs,
  { url, token }: Registry,
): Promise<ProgramResult> => programs.cli(args, { KLPREG_URL: url, KLPREG_TOKEN: token });

/** Text of an error message: how the program ended, and what it wrote. */
export const failure = ({ exit, stderr }: ProgramResult): string =>
  `(exit code ${exit ?? 'none: time limit exceeded'}):\n${stderr.trim()}`;

/** Adds the owner's public key with `klpreg`, unless an earlier run did. */
export async function addKey(key: OwnerKey, programs: Programs, registry: Registry): Promise<void> {
  const result = await runCli(['owner-key', 'add', key.owner, key.publicFile], programs, registry);
  if (result.exit !== 0 && !result.stderr.includes('is known already'))
    throw new FatalError(`The key of ${key.owner} could not be added ${failure(result)}`);
}

/** Publishes the builds of a release with `klpreg`. @returns the outcome of each build */
export async function publish(
  release: Release,
  captured: CapturedFiles,
  key: OwnerKey,
  programs: Programs,
  registry: Registry,
): Promise<string[]> {
  await captured.writeStatement(release);
  const files = (['6.1', '7.3'] as const).map((kernel) => captured.module(kernel, release.module));
  const args = [
    'patch',
    'publish',
    ...files,
    '--release',
    release.release,
    '--owner',
    release.owner,
    '-o',
    'json',
  ];
  if (release.owner === key.owner) args.push('--sign-key', key.privateFile);
  const result = await runCli(args, programs, registry);
  if (result.exit !== 0) throw new FatalError(`Publishing ${release.release} failed ${failure(result)}`);
  return (JSON.parse(result.stdout) as { files: { outcome: string }[] }).files.map((file) => file.outcome);
}
