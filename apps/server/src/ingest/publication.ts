import { ModuleError, openModule } from '@klpreg/module';
import { AuthorStatement } from '@klpreg/wire';
import { Lexer, parseDocument, visit } from 'yaml';
import { limitExceeded, RequestError } from '../errors.js';
import { AUTHOR_LIMIT, JSON_LIMITS } from '../limits.js';
import type { PatchFacts } from '../store/catalog/patches.store.js';
import { parse } from './parse.js';
import { factsOfFile } from './publish.js';

/** What an uploaded module file and its author statement say. */
export interface UploadedFacts {
  readonly facts: PatchFacts;
  readonly author: AuthorStatement | null;
}

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
/** It is not compressed. */
const isPlain = (file: Uint8Array): boolean => ELF.equals(file.subarray(0, ELF.length));

/**
 * Reads a module file.
 *
 * @throws RequestError where it cannot be read, or is another build than this
 */
export async function readModuleFile(file: Uint8Array, buildId: string): Promise<PatchFacts> {
  const size = isPlain(file) ? file.length : null;
  const reading = await openModule(file).catch((error: unknown) => {
    if (error instanceof ModuleError)
      throw new RequestError('MODULE_UNREADABLE', `the module file cannot be read: ${error.message}`);
    throw error;
  });
  if (reading.buildId === null)
    throw new RequestError(
      'MODULE_UNREADABLE',
      'the module has no build-id: nothing could recognise it on a host. Link it with --build-id',
    );
  if (reading.buildId !== buildId)
    throw new RequestError('BAD_USER_INPUT', 'the module is another build', [
      {
        pointer: '/buildId',
        detail: `must be the build-id of the module, ${reading.buildId}`,
        found: buildId,
      },
    ]);
  if (reading.kernelRelease === null)
    throw new RequestError(
      'MODULE_UNREADABLE',
      'the module has no vermagic: it does not say for which kernel it was built',
    );
  return factsOfFile(reading, buildId, reading.kernelRelease, size);
}

/**
 * Reads the author's YAML; integers as bigint, so that an id above 2^53 stays what it is.
 *
 * @throws RequestError
 */
export function readAuthor(text: string): AuthorStatement {
  if (text.length > AUTHOR_LIMIT)
    throw limitExceeded("bytes in the author's YAML", AUTHOR_LIMIT, text.length, '/author');
  refuseDeepYaml(text);
  const document = parseDocument(text, { intAsBigInt: true, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined)
    throw new RequestError('BAD_USER_INPUT', `the author's YAML is not valid: ${error.message}`);
  return parse(AuthorStatement, withoutAliases(document), "author's YAML", { values: text.length });
}

const SCALAR_FOLLOWS = '\u001f';

/**
 * Refuses YAML that is deeper than any author statement, before it is parsed: the parser calls itself for each level, and the end of the stack
 * can end the whole process.
 *
 * @throws RequestError LIMIT_EXCEEDED
 */
function refuseDeepYaml(text: string): void {
  const most = JSON_LIMITS.depth;
  const refuse = (found: number): void => {
    if (found > most) throw limitExceeded("levels in the author's YAML", most, found, '/author');
  };
  let [flow, inLine, before] = [0, 0, ''];
  for (const token of new Lexer().lex(text)) {
    if (before !== SCALAR_FOLLOWS) {
      if (token === '[' || token === '{') refuse((flow += 1));
      else if (token === ']' || token === '}') flow -= 1;
      else if (token === '-' || token === '?' || token === ':') refuse((inLine += 1));
      else if (token.includes('\n')) inLine = 0;
      // each level of a block is indented by one space at least
      else if (/^ +$/.test(token) && inLine === 0 && flow === 0) refuse(Math.ceil(token.length / 8));
    }
    before = token;
  }
}

/** A word of an author needs no aliases, and a few lines of them unfold to more than any memory holds. */
function withoutAliases(document: ReturnType<typeof parseDocument>): unknown {
  let aliases = 0;
  visit(document, { Alias: () => void (aliases += 1) });
  if (aliases > 0)
    throw new RequestError('BAD_USER_INPUT', "the author's YAML uses aliases (*name): write the values out");
  return document.toJS();
}
