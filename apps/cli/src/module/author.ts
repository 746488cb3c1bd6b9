import { existsSync, readFileSync } from 'node:fs';
import { AuthorWord, problems } from '@klpreg/wire';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';

/** The author's word beside a module: the text as it will be sent, or everything that is wrong with it. */
export interface AuthorFile {
  readonly path: string;
  readonly text: string;
  /** null where it has mistakes. */
  readonly word: AuthorWord | null;
  readonly mistakes: readonly string[];
}

/** `x.ko`, `x.ko.xz`: `x.klp.yaml` beside it. */
export const authorPathOf = (module: string): string => `${module.replace(/\.ko(?:\.(?:xz|zst|gz))?$/, '')}.klp.yaml`;

/**
 * Reads the author's word on a module.
 *
 * @param named a file that was asked for by name, and must be there
 * @returns null where there is none
 */
export function readAuthor(module: string, named: string | undefined): AuthorFile | null {
  const path = named ?? authorPathOf(module);
  if (named === undefined && !existsSync(path)) return null;
  try {
    const text = readFileSync(path, 'utf8');
    return { path, text, ...understand(text) };
  } catch (error) {
    return { path, text: '', word: null, mistakes: [`cannot be read: ${(error as Error).message}`] };
  }
}

/** What is wrong with this YAML as an author's word? With the line of each; empty: nothing. */
export const mistakesIn = (text: string): readonly string[] => understand(text).mistakes;

/** What does this YAML say as an author's word, or what is wrong with it? */
function understand(text: string): Pick<AuthorFile, 'word' | 'mistakes'> {
  const lines = new LineCounter();
  // integers as bigint: an id above 2^53 arrives whole
  const document = parseDocument(text, { intAsBigInt: true, lineCounter: lines });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) return { word: null, mistakes: broken.map((error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`) };
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  const parsed = AuthorWord.safeParse(value);
  if (parsed.success) return { word: parsed.data, mistakes: [] };
  const mistakes = problems(parsed.error, asJson(value)).map(
    ({ pointer, detail, found }) => `line ${lineOf(document, lines, pointer)}: ${pointer || 'the document'}: ${detail} (found ${found})`,
  );
  return { word: null, mistakes };
}

/** Shown values go through JSON, which has no bigint. */
const asJson = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? field.toString() : field)));

/** On which line is this field, or, where it is missing, what it is missing from? */
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
