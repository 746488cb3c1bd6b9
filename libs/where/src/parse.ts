import { type Token, tokensOf } from './tokens.js';
import { WhereError } from './where-error.js';

/** One term of a selector. */
export interface Term {
  readonly key: string;
  /** It was written as `label:KEY`, and so is no fact. */
  readonly isLabel: boolean;
  readonly operator: 'in' | 'notIn' | 'exists' | 'absent';
  /** Empty for `exists` and `absent`. */
  readonly values: readonly string[];
  /** The position of the key. */
  readonly at: number;
}

/** Begins a label whose key is also that of a fact. */
const LABEL = 'label:';
const KEY = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/;

/**
 * Parses a selector.
 *
 * Terms are `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`. A comma means "and".
 * `label:key` is a label even if the key is that of a fact. `key=value` is the same as `key in (value)`, and
 * `key!=value` as `key notin (value)`.
 *
 * @throws WhereError
 */
export function parseWhere(selector: string): Term[] {
  const tokens = tokensOf(selector);
  if (tokens.length === 1)
    throw new WhereError(selector, 0, 'the selector is empty; to match all hosts, leave it out');
  const terms: Term[] = [];
  let position = 0;
  const next = (): Token => tokens[position++] ?? tokens.at(-1)!;
  const unexpectedToken = (token: Token, wanted: string) =>
    new WhereError(
      selector,
      token.from,
      `expected ${wanted}, found ${token.kind === 'end' ? 'the end' : `'${token.text}'`}`,
    );

  const key = (token: Token): Pick<Term, 'key' | 'isLabel' | 'at'> => {
    if (token.kind !== 'word' || token.quoted) throw unexpectedToken(token, 'a label name');
    const isLabel = token.text.startsWith(LABEL);
    const name = isLabel ? token.text.slice(LABEL.length) : token.text;
    if (!KEY.test(name))
      throw new WhereError(
        selector,
        token.from,
        `'${token.text}' is not a label name, which has 1 to 63 letters, digits and _ . / -`,
      );
    return { key: name, isLabel, at: token.from };
  };
  const value = (token: Token): string => {
    if (token.kind !== 'word')
      throw unexpectedToken(
        token,
        token.kind === '='
          ? 'a value after a single ='
          : 'a value (in quotes if it is empty or has one of , = ! ( ) or spaces)',
      );
    return token.text;
  };
  const values = (): string[] => {
    const open = next();
    if (open.kind !== '(') throw unexpectedToken(open, "'(' with values");
    const found = [value(next())];
    for (let token = next(); token.kind !== ')'; token = next()) {
      if (token.kind !== ',') throw unexpectedToken(token, "',' or ')'");
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
    if (token.kind === 'word' && !token.quoted && token.text === 'in')
      return { ...name, operator: 'in', values: values() };
    if (token.kind === 'word' && !token.quoted && token.text === 'notin')
      return { ...name, operator: 'notIn', values: values() };
    if (token.kind !== ',' && token.kind !== 'end')
      throw unexpectedToken(token, "'=', '!=', 'in (…)', 'notin (…)' or ','");
    position--;
    return { ...name, operator: 'exists', values: [] };
  };

  for (;;) {
    terms.push(term());
    const token = next();
    if (token.kind === 'end') return terms;
    if (token.kind !== ',') throw unexpectedToken(token, "',' or the end");
  }
}
