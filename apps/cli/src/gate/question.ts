import { usage } from '../exits.js';

/** Flags that say how a question is asked, beside the target. */
export interface QuestionFlags {
  readonly route?: string;
  readonly maxAge?: string;
  readonly minEvidence?: string;
  readonly rules?: string;
  readonly allow: readonly string[];
  readonly witnesses?: string;
  readonly sharedSigningKeys?: true;
}

/** How a question is asked, as variables of the schema; what is left out has the registry's default. */
export interface QuestionVariables {
  route?: string;
  bestRoute?: true;
  evidence?: string;
  maxAge?: string;
  rules?: string;
  allow?: string[];
  witnesses?: number;
  sharedSigningKeys?: true;
}

const ROUTES = ['none-needed', 'reverse', 'replace', 'stack', 'disable', 'disable-then-load', 'bridge', 'reboot'];
const EVIDENCE = ['live', 'module', 'manifest', 'unsigned', 'inferred'];
const RULES = ['none', 'klp-5.5', 'block-disable', 'replace-set'];

/** `klp-5.5` is `KLP_5_5` in the schema. */
const enumOf = (word: string): string => word.toUpperCase().replaceAll(/[-.]/g, '_');

/** The word of the schema for one of these words, whichever way it is written. */
export function oneOf(flag: string, words: readonly string[], given: string): string {
  const word = words.find((each) => enumOf(each) === enumOf(given));
  if (word === undefined) throw usage(`${flag}: '${given}' is not known`, `one of ${words.join(', ')}`);
  return enumOf(word);
}

/** How people write a rule set of the schema; one that is not known stays as it came. */
export const formatRuleSet = (name: string): string => RULES.find((word) => enumOf(word) === name) ?? name;

/** The question as the flags say it. */
export function questionFrom(flags: QuestionFlags): QuestionVariables {
  const question: QuestionVariables = {};
  if (flags.route?.toLowerCase() === 'best') question.bestRoute = true;
  else if (flags.route !== undefined) question.route = oneOf('--route', [...ROUTES, 'best'], flags.route);
  if (flags.minEvidence !== undefined) question.evidence = oneOf('--min-evidence', EVIDENCE, flags.minEvidence);
  if (flags.rules !== undefined) question.rules = oneOf('--rules', RULES, flags.rules);
  if (flags.maxAge !== undefined) {
    seconds('--max-age', flags.maxAge);
    question.maxAge = flags.maxAge;
  }
  if (flags.allow.length > 0) question.allow = flags.allow.map(codeOf);
  if (flags.witnesses !== undefined) question.witnesses = witnessesFrom(flags.witnesses);
  if (flags.sharedSigningKeys === true) question.sharedSigningKeys = true;
  return question;
}

function witnessesFrom(text: string): number {
  if (!/^[2-5]$/.test(text)) throw usage(`--witnesses: '${text}' is not a number from 2 to 5`, 'the number of machines that must have shown a build');
  return Number(text);
}

function codeOf(code: string): string {
  if (!/^[A-Z][A-Z0-9_]+$/.test(code)) throw usage(`--allow: '${code}' is not the code of a reason`, 'such as SYMBOLS_UNVERIFIED; give the flag once for each');
  return code;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A length of time, `90s`, `15m`, `2h`, `1d`, in seconds; null: it is none. */
export function secondsIn(text: string): number | null {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
}

/** The length of time that this flag was given, in seconds. */
export function seconds(flag: string, text: string): number {
  const length = secondsIn(text);
  if (length === null) throw usage(`${flag}: '${text}' is not a length of time`, 'such as 90s, 15m, 2h, 1d');
  return length;
}

/** How many hosts may be refused: a number, or a share of those that matched. */
export type Tolerance = { readonly hosts: number } | { readonly percent: number };

export function toleranceFrom(text: string | undefined): Tolerance {
  if (text === undefined) return { hosts: 0 };
  const [, number, percent] = /^(\d{1,9})(%?)$/.exec(text) ?? [];
  if (number === undefined || (percent === '%' && Number(number) > 100))
    throw usage(`--max-refused: '${text}' is neither a number of hosts nor a percentage`, 'such as 3 or 5%');
  return percent === '%' ? { percent: Number(number) } : { hosts: Number(number) };
}
