/** One statement of a script, without its semicolon and without the comments before it. */
export interface Statement {
  readonly sql: string;
  /** The line of the script on which it begins, from 1. */
  readonly line: number;
}

/**
 * Tokens that are skipped as a whole, so that a semicolon in one ends nothing. In this order: comments,
 * strings with and without backslash escapes, quoted names, the opening of a dollar quote, words, and single
 * characters. Words come before the rest so that the E of `E'…'` and the $ of `a$b` are read correctly.
 */
const TOKEN =
  /(?<comment>--[^\n]*)|(?<nested>\/\*)|(?<quoted>[eE]'(?:[^'\\]|\\.|'')*'|'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*")|(?<dollar>\$(?:[\p{L}_][\p{L}\d_]*)?\$)|(?<word>[\p{L}_][\p{L}\d_$]*)|(?<space>\s+)|(?<other>.)/suy;

/**
 * Splits a script into statements by PostgreSQL's lexical rules, as `psql` does. A semicolon in a string, a
 * quoted name, a dollar quote, a comment or parentheses ends nothing. Bodies written as `BEGIN ATOMIC … END`
 * are refused: a dollar quote can replace them.
 *
 * @returns in order; none is empty
 * @throws Error with the line of a quote, a dollar quote or a comment that is not closed
 */
export function splitStatements(script: string): Statement[] {
  const statements: Statement[] = [];
  let start = -1; // of the statement, -1 between two
  let depth = 0;
  let lastWord = '';
  const finish = (end: number): void => {
    if (start >= 0) statements.push({ sql: script.slice(start, end).trimEnd(), line: lineAt(script, start) });
    start = -1;
    depth = 0;
  };

  for (let at = 0; at < script.length;) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(script)!;
    const kind = token.groups!;
    const text = token[0];
    const from = at;
    at += text.length;

    if (kind['comment'] || kind['space']) continue;
    if (kind['nested']) {
      at = endOfComment(script, from);
      continue;
    }
    if (text === ';' && depth === 0) {
      finish(from);
      continue;
    }
    if (start < 0) start = from;
    if (kind['dollar']) {
      const close = script.indexOf(text, at);
      if (close < 0) throw new Error(`line ${lineAt(script, from)}: ${text} is not closed`);
      at = close + text.length;
    } else if (kind['word']) {
      if (/^atomic$/i.test(text) && lastWord === 'BEGIN')
        throw new Error(
          `line ${lineAt(script, from)}: write the body in $$ … $$ instead of BEGIN ATOMIC … END`,
        );
      lastWord = text.toUpperCase();
    } else if (text === '(') depth++;
    else if (text === ')') depth--;
    else if (text === "'" || text === '"')
      throw new Error(`line ${lineAt(script, from)}: ${text} is not closed`);
  }
  finish(script.length);
  return statements;
}

/** The end of the comment that opens here; comments nest in PostgreSQL. */
function endOfComment(script: string, open: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = open;
  for (let depth = 0, found = edge.exec(script); found; found = edge.exec(script)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  throw new Error(`line ${lineAt(script, open)}: /* is not closed`);
}

function lineAt(script: string, index: number): number {
  return script.slice(0, index).split('\n').length;
}
