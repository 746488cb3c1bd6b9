import { AuthorStatement } from '@klpreg/wire';
import { Lexer, parseDocument, visit } from 'yaml';
import { limitExceeded, RequestError } from '../../errors.js';
import { AUTHOR_LIMIT, JSON_LIMITS } from '../../limits.js';
import { parse } from '../parse.js';

/**
 * Reads an author statement in YAML. Integers become bigint, because a number would round an id above 2^53.
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
 * Refuses YAML that is deeper than any author statement, before it is parsed.
 *
 * The parser calls itself for each level, and a stack overflow can end the whole process.
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

/** Refuses aliases. A statement needs none, and a few lines of them expand beyond any memory. */
function withoutAliases(document: ReturnType<typeof parseDocument>): unknown {
  let aliases = 0;
  visit(document, { Alias: () => void (aliases += 1) });
  if (aliases > 0)
    throw new RequestError('BAD_USER_INPUT', "the author's YAML uses aliases (*name): write the values out");
  return document.toJS();
}
