import { selectorError, type Token, tokensOf } from './tokens.js';

/** One demand of a selector. */
export interface Term {
  readonly key: string;
  readonly operator: 'in' | 'notIn' | 'exists' | 'absent';
  /** Empty for `exists` and `absent`. */
  readonly values: readonly string[];
  /** Where the key stands. */
  readonly at: number;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/;

/**
 * What does this selector demand?
 *
 * `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`; a comma between demands means "and".
 * `key=value` is read as `key in (value)`, `key!=value` as `key notin (value)`.
 *
 * @throws Failure 2 that shows the place
 */
export function parseWhere(selector: string): Term[] {
  const tokens = tokensOf(selector);
  if (tokens.length === 1) throw selectorError(selector, 0, 'this selector is empty; for every host, leave --where out');
  const terms: Term[] = [];
  let position = 0;
  const next = (): Token => tokens[position++] ?? tokens.at(-1)!;
  const fail = (token: Token, wanted: string) =>
    selectorError(selector, token.from, `expected ${wanted}, found ${token.kind === 'end' ? 'the end' : `'${token.text}'`}`);

  const key = (token: Token): Pick<Term, 'key' | 'at'> => {
    if (token.kind !== 'word' || token.quoted) throw fail(token, 'the name of a label');
    if (!KEY.test(token.text)) throw selectorError(selector, token.from, `'${token.text}' cannot be the name of a label: 1 to 63 letters, digits and _ . / -`);
    return { key: token.text, at: token.from };
  };
  const value = (token: Token): string => {
    if (token.kind !== 'word')
      throw fail(token, token.kind === '=' ? 'one = only, then a value' : 'a value (in quotes where it is empty or has one of , = ! ( ) or spaces)');
    return token.text;
  };
  const values = (): string[] => {
    const open = next();
    if (open.kind !== '(') throw fail(open, "'(' and values");
    const found = [value(next())];
    for (let token = next(); token.kind !== ')'; token = next()) {
      if (token.kind !== ',') throw fail(token, "',' or ')'");
      found.push(value(next()));
    }
    return found;
  };
  const term = (): Term => {
    const first = next();
    if (first.kind === '!') return { ...key(next()), operator: 'absent', values: [] };
    const name = key(first);
    const token = next();
    if (token.kind === '=') return { ...name, operator: 'in', values: [value(next())] };
    if (token.kind === '!=') return { ...name, operator: 'notIn', values: [value(next())] };
    if (token.kind === 'word' && !token.quoted && token.text === 'in') return { ...name, operator: 'in', values: values() };
    if (token.kind === 'word' && !token.quoted && token.text === 'notin') return { ...name, operator: 'notIn', values: values() };
    if (token.kind !== ',' && token.kind !== 'end') throw fail(token, "'=', '!=', 'in (…)', 'notin (…)' or ','");
    position--;
    return { ...name, operator: 'exists', values: [] };
  };

  for (;;) {
    terms.push(term());
    const token = next();
    if (token.kind === 'end') return terms;
    if (token.kind !== ',') throw fail(token, "',' or the end");
  }
}
