import { readFileSync } from 'node:fs';
import { loadedName } from '@klpreg/compat';
import type { ModuleReading } from '@klpreg/module';
import { type AuthorStatement, Manifest } from '@klpreg/wire';
import { usage } from '../exits.js';
import { readAuthor } from './author.js';
import { inspection } from './inspection.js';
import { readFileAsModule } from './read-file.js';

const MODULE = /\.ko(?:\.(?:xz|zst|gz))?$/;

/** Whether a target is written as a file. */
export const isFile = (words: string): boolean => MODULE.test(words) || words.endsWith('.json');

/** The owner and the release of a module that is not published, unless a flag says otherwise. */
const NOT_PUBLISHED = 'unpublished';

/**
 * Returns the manifest of a file, as the registry takes it for a target that is not published: the JSON file
 * itself, or what this program reads of a module and of the author statement next to it.
 *
 * @throws Failure 2 if the file cannot be read
 */
export async function manifestFrom(path: string, owner = NOT_PUBLISHED): Promise<string> {
  if (!MODULE.test(path)) return readText(path);
  const { reading, error } = await readFileAsModule(path);
  if (error !== null) throw usage(`--to: ${path}: ${error.message} (${error.code})`);
  const author = readAuthor(path, undefined);
  if (author !== null && author.errors.length > 0)
    throw usage(`--to: ${author.path} is not an author statement`, ...author.errors);
  return JSON.stringify(manifestOf(reading, author?.word ?? null, owner, path));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`--to: ${path} cannot be read: ${(error as Error).message}`);
  }
}

const ALL = { prePatch: true, postPatch: true, preUnpatch: true, postUnpatch: true };

function manifestOf(
  reading: ModuleReading,
  author: AuthorStatement | null,
  owner: string,
  path: string,
): unknown {
  const { facts } = inspection(path, { bytes: new Uint8Array(), reading, error: null });
  const { buildId, kernelRelease, objects, callbacks, ...read } = facts!;
  if (buildId === null) throw usage(`--to: ${path} has no build-id, so no host could be told apart by it`);
  const parsed = Manifest.safeParse({
    schema: 'manifest/v1',
    buildId,
    release: NOT_PUBLISHED,
    owner,
    author,
    facts: {
      name: loadedName(read.name),
      sha256: read.sha256,
      contentSha256: read.contentSha256,
      srcversion: read.srcversion,
      vermagic: read.vermagic,
      kernelRelease: kernelRelease ?? 'unknown',
      arch: read.arch,
      livepatch: read.livepatch,
      builder: read.builder,
      replace: read.replace,
      states: read.states,
      impact: read.impact,
      signed: read.signed,
      signer: read.signer,
      rewritesEarlierStates: read.rewritesEarlierStates,
      objects: objects?.map(({ name, spelled, functions }) => ({ name, spelled, functions })) ?? [],
      // what cannot be read may be there
      callbacks: callbacks ?? ALL,
    },
  });
  if (!parsed.success) throw usage(`--to: ${path} cannot be described: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** The module name in a manifest, for a sentence. */
export function nameIn(manifest: string): string {
  try {
    return String((JSON.parse(manifest) as { facts: { name: unknown } }).facts.name);
  } catch {
    return 'of an unknown name';
  }
}
