import type { Environment } from '../environment.js';
import type { HostWaivers } from '../gate/host-waivers.js';
import type { Outcome } from '../gate/record.js';
import type { Recording } from '../gate/record-flags.js';
import type { UsedWaiver } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { type Paint, paintFor } from './paint.js';

/** Says that a decision was overridden. Null: it was not. */
export const overrideLine = (
  { decision, recorded, override }: Outcome,
  paint: Paint = (_style, text) => text,
): string | null =>
  override === null
    ? null
    : `${paint('red', 'OVERRIDDEN BY BREAK-GLASS')}: ${clean(
        `the answer is ${decision.answer.toUpperCase()}, and the change goes on because: ${override} (decision ` +
          `${recorded?.id})`,
      )}`;

/** Also says it on stderr, which the log of a pipeline has. */
export function tellOverride(outcome: Outcome, environment: Environment): void {
  const line = overrideLine(outcome, paintFor(environment, 'stderr'));
  if (line !== null) environment.stderr.write(`${line}\n`);
}

/** Returns one line for each waiver and each ignored code. */
export const recordNotes = ({ ignored }: Recording, waivers: readonly UsedWaiver[]): string[] => [
  ...waivers.map(({ id, owner, codes, expiresAt, hosts }) =>
    clean(
      `waived: ${codes.join(', ')} on ${hosts} ` +
        `${hosts === 1 ? 'host' : 'hosts'}, by ${owner} until ${expiresAt} ` +
        `(waiver ${id})`,
    ),
  ),
  ...ignored.map(({ code, owner, reason, expiresAt }) =>
    clean(`ignored: ${code}, by ${owner} until ${expiresAt}: ${reason}`),
  ),
];

/** Formats the waivers for a host, and what a gate decides with them. */
export const hostWaiverLines = ({ waivers, where, accepted }: HostWaivers): string[] => [
  ...waivers.map(({ id, owner, codes, reason, expiresAt }) =>
    clean(`waived: ${codes.join(', ')}, by ${owner} until ${expiresAt}: ${reason} (waiver ${id})`),
  ),
  clean(
    `with --where '${where}' --authoritative-labels, a gate decides about this host: ` +
      (accepted ? 'YES' : 'not YES, because not every reason is waived'),
  ),
];

/** What is said of waivers if a question about one host is about the past. */
export const NO_PAST_WAIVERS =
  'waivers are left out, because this is about the past; klpreg can-i-downgrade --as-of applies those of ' +
  'that time';

/** Puts the override above an answer, and the notes below it. */
export const withNotes = (text: string, notes: readonly string[], override: string | null): string =>
  [...(override === null ? [] : [override]), text, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n');
