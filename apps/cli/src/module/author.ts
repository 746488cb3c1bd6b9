import { existsSync, readFileSync } from 'node:fs';
import { AuthorStatement } from '@klpreg/wire';
import { readYaml } from '../read-yaml.js';

/** The author statement of a module: the text as it is uploaded, and all problems in it. */
export interface AuthorFile {
  readonly path: string;
  readonly text: string;
  /** Null if it has problems. */
  readonly word: AuthorStatement | null;
  readonly errors: readonly string[];
}

/** Returns the default path of the author statement: `x.klp.yaml` for `x.ko` and `x.ko.xz`. */
export const authorPathOf = (module: string): string =>
  `${module.replace(/\.ko(?:\.(?:xz|zst|gz))?$/, '')}.klp.yaml`;

/**
 * Reads the author statement of a module.
 *
 * @param named the path from a flag; that file must exist
 * @returns null if there is none
 */
export function readAuthor(module: string, named: string | undefined): AuthorFile | null {
  const path = named ?? authorPathOf(module);
  if (named === undefined && !existsSync(path)) return null;
  try {
    const text = readFileSync(path, 'utf8');
    return { path, text, ...understand(text) };
  } catch (error) {
    return { path, text: '', word: null, errors: [`cannot be read: ${(error as Error).message}`] };
  }
}

/** Returns the problems of a YAML text as an author statement, each with its line. */
export const errorsIn = (text: string): readonly string[] => understand(text).errors;

/** Parses a YAML text as an author statement. */
function understand(text: string): Pick<AuthorFile, 'word' | 'errors'> {
  const { value, errors } = readYaml(text, AuthorStatement);
  return { word: value, errors };
}
