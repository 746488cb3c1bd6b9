import { LabelKey, Labels as LabelsSchema, PublicName } from '@klpreg/wire';
import { RequestError } from '../errors.js';
import type { Scope } from '../store/access/tokens.store.js';
import { AGENT_PREFIX, type Labels } from '../store/content/labels.store.js';
import type { LabelInput } from './generated/schema.js';

const REASON_LENGTH = 500;

/**
 * Checks labels from an admin: no key twice, and no key that is reserved for labels that the host reports.
 *
 * @param field where the mutation has them
 */
export function toLabels(labels: readonly LabelInput[], field: 'labels' | 'input/labels'): Labels {
  const own = labels.find(({ key }) => key.startsWith(AGENT_PREFIX));
  if (own !== undefined)
    throw new RequestError(
      'BAD_USER_INPUT',
      `label ${own.key}: ${AGENT_PREFIX} is reserved for labels that the host reports`,
    );
  const given = Object.fromEntries(labels.map(({ key, value }) => [key, value]));
  if (Object.keys(given).length !== labels.length)
    throw new RequestError('BAD_USER_INPUT', 'a label is given twice');
  for (const { key, value } of labels) {
    const fault = labelFault(key, value);
    if (fault !== null)
      throw new RequestError('BAD_USER_INPUT', `\`${field}\`: ${fault}`, [
        { pointer: `/${field}`, detail: fault, found: value.slice(0, 100) },
      ]);
  }
  const parsed = LabelsSchema.safeParse(given);
  if (!parsed.success) throw new RequestError('BAD_USER_INPUT', parsed.error.issues[0]!.message);
  return parsed.data;
}

/** What is wrong with a label, in a sentence. Null: nothing. */
export function labelFault(key: string, value: string): string | null {
  const name = LabelKey.safeParse(key);
  if (!name.success) return `${name.error.issues[0]!.message}; found ${shortened(key)}`;
  const issue = LabelsSchema.safeParse(Object.fromEntries([[key, value]])).error?.issues[0];
  if (issue === undefined) return null;
  const detail = issue.code === 'too_big' ? `must have at most ${issue.maximum} characters` : issue.message;
  return `the value of ${key} ${detail}; found ${shortened(value)}`;
}

/** A text in quotes. Of a long one, the beginning, and how many characters it has. */
const shortened = (text: string): string =>
  text.length <= 100
    ? JSON.stringify(text)
    : `${text.length} characters: ${JSON.stringify(text.slice(0, 100))}`;

/** @throws RequestError FORBIDDEN unless a host with these labels is in the scope */
export function requireInScope(labels: Labels, scope: Scope | null): void {
  for (const [key, values] of Object.entries(scope ?? {}))
    if (!Object.hasOwn(labels, key) || !values.includes(labels[key]!))
      throw new RequestError(
        'FORBIDDEN',
        `your token has a scope, and gives only labels within it: ${key} must be one of ${values.join(', ')}`,
      );
}

/** @throws RequestError unless the value is one line of 1 to `max` characters, without control characters */
export function requireLine(argument: string, value: string, max: number): void {
  // eslint-disable-next-line no-control-regex -- control characters are what this forbids
  if (value.length >= 1 && value.length <= max && !/[\u0000-\u001f\u007f]/.test(value)) return;
  const detail = `must be one line of 1 to ${max} characters`;
  const found = shortened(value);
  throw new RequestError('BAD_USER_INPUT', `\`${argument}\` ${detail}, found ${found}`, [
    { pointer: `/${argument}`, detail, found },
  ]);
}

/** @throws RequestError unless the value has the form of the names of releases and owners */
export function requireName(argument: string, value: string): void {
  const parsed = PublicName.safeParse(value);
  if (parsed.success) return;
  const detail = parsed.error.issues[0]!.message;
  const found = shortened(value);
  throw new RequestError('BAD_USER_INPUT', `\`${argument}\` ${detail}; found ${found}`, [
    { pointer: `/${argument}`, detail, found },
  ]);
}

/** @throws RequestError if a reason is empty or too long */
export function requireReason(reason: string): string {
  if (reason.trim().length > 0 && reason.length <= REASON_LENGTH) return reason;
  throw new RequestError(
    'BAD_USER_INPUT',
    `a reason has 1 to ${REASON_LENGTH} characters, found ${reason.length}`,
    [
      {
        pointer: '/reason',
        detail: `must have 1 to ${REASON_LENGTH} characters`,
        found: reason.slice(0, 100),
      },
    ],
  );
}
