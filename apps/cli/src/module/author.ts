import { existsSync, readFileSync } from 'node:fs';
import { AuthorStatement, problems } from '@klpreg/wire';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';

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
  const lines = new LineCounter();
  // Integers as bigint: a number would round an id above 2^53.
  const document = parseDocument(text, { intAsBigInt: true, lineCounter: lines });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    return {
      word: null,
      errors: broken.map(
        (error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`,
      ),
    };
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  const parsed = AuthorStatement.safeParse(value);
  if (parsed.success) return { word: parsed.data, errors: [] };
  const errors = problems(parsed.error, asJson(value)).map(
    ({ pointer, detail, found }) =>
      `line ${lineOf(document, lines, pointer)}: ${pointer || 'the document'}: ${detail} (found ${found})`,
  );
  return { word: null, errors };
}

/** Converts bigint to text, because messages show values as JSON. */
const asJson = (value: unknown): unknown =>
  value === undefined
    ? undefined
    : JSON.parse(
        JSON.stringify(value, (_key, field: unknown) =>
          typeof field === 'bigint' ? field.toString() : field,
        ),
      );

/** Returns the line of a field, or of its nearest parent if the field is missing. */
function lineOf(document: Document.Parsed, lines: LineCounter, pointer: string): number {
  const path = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(
      path.slice(0, depth).map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      true,
    );
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
