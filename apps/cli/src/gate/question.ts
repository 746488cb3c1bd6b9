import { secondsIn } from '@klpreg/where';
import { usage } from '../exits.js';

/** The flags of a question, in addition to its target. */
export interface QuestionFlags {
  readonly route?: string;
  readonly maxAge?: string;
  readonly minEvidence?: string;
  readonly rules?: string;
  readonly allow: readonly string[];
  readonly owner?: string;
  readonly witnesses?: string;
  readonly sharedSigningKeys?: true;
}

/** The options of a question, as variables of the schema. Missing ones have the registry's defaults. */
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

export const ROUTES = [
  'none-needed',
  'reverse',
  'replace',
  'stack',
  'disable',
  'disable-then-load',
  'bridge',
  'reboot',
];
export const EVIDENCE = ['live', 'module', 'manifest', 'unsigned', 'inferred'];
export const RULES = ['none', 'klp-5.5', 'block-disable', 'replace-set'];

/** Converts to the spelling of the schema: `klp-5.5` becomes `KLP_5_5`. */
const enumOf = (word: string): string => word.toUpperCase().replaceAll(/[-.]/g, '_');

/** Returns the schema's spelling of one of these words. Accepts either spelling. */
export function oneOf(flag: string, words: readonly string[], given: string): string {
  const word = words.find((each) => enumOf(each) === enumOf(given));
  if (word === undefined) throw usage(`${flag}: '${given}' is unknown`, `write one of ${words.join(', ')}`);
  return enumOf(word);
}

/** Formats a rule set of the schema. An unknown one stays as it is. */
export const formatRuleSet = (name: string): string => RULES.find((word) => enumOf(word) === name) ?? name;

/** Returns the options of a question from the flags. */
export function questionFrom(flags: QuestionFlags): QuestionVariables {
  const question: QuestionVariables = {};
  if (flags.route?.toLowerCase() === 'best') question.bestRoute = true;
  else if (flags.route !== undefined) question.route = oneOf('--route', [...ROUTES, 'best'], flags.route);
  if (flags.minEvidence !== undefined)
    question.evidence = oneOf('--min-evidence', EVIDENCE, flags.minEvidence);
  if (flags.rules !== undefined) question.rules = oneOf('--rules', RULES, flags.rules);
  if (flags.maxAge !== undefined) {
    seconds('--max-age', flags.maxAge);
    question.maxAge = flags.maxAge;
  }
  if (flags.allow.length > 0) question.allow = flags.allow.map((code) => codeOf('--allow', code));
  if (flags.witnesses !== undefined) question.witnesses = witnessesFrom(flags.witnesses);
  if (flags.sharedSigningKeys === true) question.sharedSigningKeys = true;
  return question;
}

function witnessesFrom(text: string): number {
  if (!/^[2-5]$/.test(text))
    throw usage(
      `--witnesses: '${text}' is not a number from 2 to 5`,
      'it is the number of machines that must have run a build',
    );
  return Number(text);
}

/** Returns the code of a reason from the value of a flag. */
export function codeOf(flag: string, code: string): string {
  if (!/^[A-Z][A-Z0-9_]+$/.test(code))
    throw usage(
      `${flag}: '${code}' is not the code of a reason`,
      'write a code such as SYMBOLS_UNVERIFIED; repeat the flag for each code',
    );
  return code;
}

/** Parses the duration of a flag to seconds. */
export function seconds(flag: string, text: string): number {
  const length = secondsIn(text);
  if (length === null)
    throw usage(`${flag}: '${text}' is not a duration`, 'write a duration such as 90s, 15m, 2h, 1d');
  return length;
}

/** The number of refused hosts to tolerate: absolute, or a percentage of the matched hosts. */
export type Tolerance = { readonly hosts: number } | { readonly percent: number };

export function toleranceFrom(text: string | undefined, flag = '--max-refused'): Tolerance {
  if (text === undefined) return { hosts: 0 };
  const [, number, percent] = /^(\d{1,9})(%?)$/.exec(text) ?? [];
  if (number === undefined || (percent === '%' && Number(number) > 100))
    throw usage(
      `${flag}: '${text}' is neither a number of hosts nor a percentage`,
      'write a value such as 3 or 5%',
    );
  return percent === '%' ? { percent: Number(number) } : { hosts: Number(number) };
}
