import { usage } from '../exits.js';
import { isFile, manifestFrom, nameIn } from '../module/manifest.js';
import type { Registry } from './client.js';
import { NAMED_BUILDS, type TargetInput } from './generated/operations.js';
import { nearTarget } from './nearest.js';

const PREFIXES = ['release', 'name', 'build-id'] as const;
const BUILD_ID = /^(?:[0-9a-f]{2}){8,64}$/;

/** Parses a target. Null: a bare name, which only the registry can resolve. */
export function plainTarget(words: string): TargetInput | null {
  const lower = words.toLowerCase();
  if (lower === 'original') return { original: true };
  if (lower === 'previous') return { previous: true };
  const prefix = PREFIXES.find((each) => words.startsWith(`${each}:`));
  if (prefix === undefined) return /^[0-9a-f]{40}$/.test(lower) ? { buildId: lower } : null;
  const rest = words.slice(prefix.length + 1);
  if (rest === '') throw usage(`--to: '${words}' has no name after the colon`);
  if (prefix === 'release') return { release: rest };
  if (prefix === 'name') return { name: rest };
  if (!BUILD_ID.test(rest.toLowerCase()))
    throw usage(
      `--to: '${rest}' is not a build-id`,
      'it has 16 to 128 hexadecimal digits; klpreg patch list shows published ones',
    );
  return { buildId: rest.toLowerCase() };
}

/**
 * Parses a target, and resolves a bare name: a release of that name, else a module of that name. A file
 * stands for a patch that is not published.
 *
 * @throws Failure 2 if there is neither, or if there are both with different builds
 */
export async function resolveTarget(
  words: string,
  leaving: readonly string[],
  registry: Registry,
  owner?: string,
): Promise<TargetInput> {
  if (owner !== undefined && !isFile(words))
    throw usage('--owner is for a target that is a file; published ones have their owner');
  const target = isFile(words)
    ? { manifest: await manifestFrom(words, owner) }
    : (plainTarget(words) ?? (await bareTarget(words, registry)));
  if (leaving.length > 0 && ('original' in target || 'previous' in target))
    throw usage('--leaving cannot be used with original or previous: it applies to a module that is stacked');
  return leaving.length > 0 ? { ...target, leaving: [...leaving] } : target;
}

async function bareTarget(words: string, registry: Registry): Promise<TargetInput> {
  const { ofRelease, ofName } = await registry.ask(NAMED_BUILDS, {
    release: { releases: [words] },
    name: { names: [words.replaceAll('-', '_')] },
  });
  const builds = new Set(ofRelease.nodes.map((patch) => patch.buildId));
  const same =
    ofRelease.totalCount === ofName.totalCount && ofName.nodes.every((patch) => builds.has(patch.buildId));
  if (ofRelease.totalCount > 0 && ofName.totalCount > 0 && !same) {
    throw usage(
      `--to: '${words}' is both a release and a module name, with different builds`,
      `write release:${words} or name:${words}`,
    );
  }
  if (ofRelease.totalCount > 0) return { release: words };
  if (ofName.totalCount > 0) return { name: words };
  throw usage(
    `--to: no release and no module named '${words}' is published`,
    ...(await nearTarget(words, registry)),
    'klpreg patch list shows published ones',
  );
}

/** Formats a target for a sentence. */
export function formatTarget(target: TargetInput): string {
  if (target.original) return 'the original code';
  if (target.previous) return 'the previous list';
  if (target.release != null) return `release ${target.release}`;
  if (target.manifest != null) return `the unpublished module ${nameIn(target.manifest)} (what if)`;
  return target.name == null ? `build ${target.buildId}` : `module ${target.name}`;
}
