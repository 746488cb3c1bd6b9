import { problems } from '@klpreg/wire';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';

/** Parses a value. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: Parameters<typeof problems>[0] };
}

/**
 * Parses a YAML (or JSON) text.
 *
 * @returns the value, or null and its problems: each with its line, its field by an RFC 6901 pointer, what is
 *   allowed, and what was found
 */
export function readYaml<T>(
  text: string,
  schema: Schema<T>,
): { readonly value: T | null; readonly errors: readonly string[] } {
  const lines = new LineCounter();
  // Integers as bigint: a number would round an id above 2^53.
  const document = parseDocument(text, { intAsBigInt: true, lineCounter: lines });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    return {
      value: null,
      errors: broken.map(
        (error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`,
      ),
    };
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, errors: [] };
  const errors = problems(parsed.error, asJson(value)).map(
    ({ pointer, detail, found }) =>
      `line ${lineOf(document, lines, pointer)}: ${pointer || 'the document'}: ${detail} (found ${found})`,
  );
  return { value: null, errors };
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
