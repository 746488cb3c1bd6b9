import { readFileSync } from 'node:fs';
import { manifestOf, type ModuleReading } from '@klpreg/module';
import { type AuthorStatement, Manifest } from '@klpreg/wire';
import { usage } from '../exits.js';
import { readAuthor } from './author.js';
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
  return JSON.stringify(checkedManifest(reading, author?.word ?? null, owner, path));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`--to: ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Completes and checks a manifest as the registry does, so that an error names the file. */
function checkedManifest(
  reading: ModuleReading,
  author: AuthorStatement | null,
  owner: string,
  path: string,
): Manifest {
  if (reading.buildId === null)
    throw usage(`--to: ${path} has no build-id, so no host could be told apart by it`);
  const parsed = Manifest.safeParse(manifestOf(reading, { release: NOT_PUBLISHED, owner, author }));
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
