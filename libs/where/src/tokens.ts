import { WhereError } from './where-error.js';

/** One token of a selector, with its position. */
export interface Token {
  readonly kind: 'word' | '=' | '!=' | '!' | '(' | ')' | ',' | 'end';
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** In quotes: a value, never a key or `in`. */
  readonly quoted: boolean;
}

const PUNCTUATION = ['!=', '=', '!', '(', ')', ','] as const;

/** Splits a selector into tokens. The last one is of kind `end`. */
export function tokensOf(selector: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < selector.length;) {
    const token = /\s/.test(selector[at]!) ? null : tokenAt(selector, at);
    if (token !== null) tokens.push(token);
    at = token?.to ?? at + 1;
  }
  return [...tokens, { kind: 'end', text: '', from: selector.length, to: selector.length, quoted: false }];
}

function tokenAt(selector: string, from: number): Token {
  const mark = PUNCTUATION.find((each) => selector.startsWith(each, from));
  if (mark !== undefined) return { kind: mark, text: mark, from, to: from + mark.length, quoted: false };
  if (selector[from] === '"') return quotedAt(selector, from);
  const [word] = /^[^\s=!(),"]+/.exec(selector.slice(from)) as unknown as [string];
  return { kind: 'word', text: word, from, to: from + word.length, quoted: false };
}

/** Reads a quoted value, in which `\"` and `\\` are the escapes. */
function quotedAt(selector: string, from: number): Token {
  const found = /^"((?:[^"\\]|\\["\\])*)"/.exec(selector.slice(from));
  if (found === null)
    throw new WhereError(selector, from, 'missing closing quote (inside quotes, write \\" and \\\\)');
  return {
    kind: 'word',
    text: found[1]!.replaceAll(/\\(["\\])/g, '$1'),
    from,
    to: from + found[0].length,
    quoted: true,
  };
}
