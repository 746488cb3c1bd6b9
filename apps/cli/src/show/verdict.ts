import { formatRuleSet } from '../gate/question.js';
import type { Reason, Verdict } from '../registry/generated/operations.js';
import { KINDS } from '../registry/kinds.js';
import { clean } from './clean.js';
import { clearedBy } from './fleet.js';
import type { Paint } from './paint.js';

const COLOUR = { SAFE: 'green', UNKNOWN: 'yellow', UNSAFE: 'red', REFUSED: 'red', ADVISORY: 'dim' } as const;
const SHORT = {
  DISABLE: 'disable',
  REMOVE_MODULE: 'rmmod',
  LOAD: 'load',
  WAIT: 'wait for the transition of',
  REVERSE: 'reverse the open transition of',
  REBOOT: 'reboot',
} as const;

/** Formats the operations of a route as a sentence. */
export const formatSteps = (steps: Verdict['steps']): string =>
  steps
    .map((step) =>
      [SHORT[step.action as keyof typeof SHORT] ?? clean(step.action), clean(step.patch ?? '')]
        .join(' ')
        .trim(),
    )
    .join(', then ');

/** Formats one host's verdict: the answer, the steps, and every reason, the worst first. */
export function verdictText(verdict: Verdict, target: string, paint: Paint): string {
  const errno = verdict.errno === null ? '' : ` with ${clean(verdict.errno)}`;
  const steps = formatSteps(verdict.steps);
  const lines = [
    `${paint('bold', `To ${clean(target)}`)}: ${paint(COLOUR[verdict.kind], verdict.kind)}${errno}${verdict.route === null ? '' : ` by ${clean(verdict.route)}`}${
      verdict.accepted && verdict.allowed.length > 0 ? ', which the question allows' : ''
    }`,
  ];
  if (steps !== '') lines.push(`  ${steps}`);
  for (const { patch, sha256 } of verdict.steps)
    if (sha256 !== null) lines.push(`  file of ${clean(patch ?? '')}: sha-256 ${clean(sha256)}`);
  const price = formatPrice(verdict);
  if (price !== '') lines.push(`  ${price}`);
  if (verdict.basedOnStaleFacts)
    lines.push('  the facts are stale; all other reasons are based on the last report');
  lines.push(`  under ${formatRules(verdict.rules)}`);
  if (verdict.policyRule !== null) lines.push(`  by the rule ${clean(verdict.policyRule)} of the policy`);
  for (const reason of worstFirst(verdict.reasons))
    lines.push(...reasonLines(reason, verdict.allowed.includes(reason.code), paint));
  return lines.join('\n');
}

/** Formats the cost of the route if it is more than one transition, and whether the search was cut off. */
function formatPrice({ price, searched }: Verdict): string {
  const parts = [
    price !== null && price.reboots > 0 ? 'a reboot' : '',
    price !== null && price.transitions > 1 ? `${price.transitions} transitions` : '',
    price !== null && price.transitionsUnpatched > 0
      ? `${price.transitionsUnpatched} of them leave the host unpatched for a while`
      : '',
    price !== null && price.cvesReopened.length > 0
      ? `CVEs reopened meanwhile: ${clean(price.cvesReopened.join(', '))}`
      : '',
  ].filter((part) => part !== '');
  const search =
    searched !== null && searched.tried < searched.of
      ? `; only ${searched.tried} of ${searched.of} intermediate patches were tried`
      : '';
  return parts.length === 0 && search === ''
    ? ''
    : `costs ${parts.length === 0 ? 'one transition' : parts.join(', ')}${search}`;
}

function reasonLines(reason: Reason, allowed: boolean, paint: Paint): string[] {
  const errno = reason.errno === null ? '' : ` (${clean(reason.errno)})`;
  const cleared = reason.kind === 'ADVISORY' ? '' : `; cleared by ${clearedBy(reason)}`;
  return [
    `  ${paint(COLOUR[reason.kind], reason.kind)} ${clean(reason.code)}${errno}${allowed ? ', allowed' : ''}`,
    `    ${clean(reason.text)}${cleared}`,
  ];
}

const ORDER = ['ADVISORY', ...KINDS];
const worstFirst = (reasons: readonly Reason[]): Reason[] =>
  [...reasons].sort((a, b) => ORDER.indexOf(b.kind) - ORDER.indexOf(a.kind));

/** Formats the rule sets, and how they were determined. */
export function formatRules({ sets, basis }: Verdict['rules']): string {
  if (sets.length === 0) return 'unknown rules';
  return clean(`${sets.map(formatRuleSet).join(' or ')} rules (basis: ${basis.toLowerCase()})`);
}
