import type { DecisionRow } from '../../store/records/decisions.store.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { currentFields } from '../filter.js';
import type * as Sdl from '../generated/schema.js';
import { type DecisionRecord, recordedFilter } from './decision-record.js';

/** A decision as the SDL shows it, with its record. */
export type DecisionParent = Omit<Sdl.Decision, 'afterwards'> & {
  readonly record: DecisionRecord;
  /** With which it was recorded. */
  readonly scope: Scope | null;
  readonly afterwardsUnknown: string | null;
};

/** Returns a stored decision as the SDL shows it. */
export function decisionView(row: DecisionRow): DecisionParent {
  const record = JSON.parse(row.record) as DecisionRecord;
  const { id, changeId, gate, decision, overridden, at, who, keyId, signature } = row;
  const { answer, overrides, question, passed, registryDecision } = record;
  const { ignored, waivers } = overrides;
  const expiresAt = new Date(record.expiresAt);
  return {
    record,
    scope: row.scope === null ? null : (JSON.parse(row.scope) as Scope),
    afterwardsUnknown: whyUnknown(record),
    id,
    changeId,
    gate,
    decision,
    registryDecision,
    passed,
    overridden,
    at,
    who,
    ...answer,
    question: JSON.stringify(question),
    snapshot: snapshotOf(record),
    overrides: { ...overrides, ignored: ignored.map(withExpiry), waivers: waivers.map(withExpiry) },
    certificate: { content: row.record, keyId, signature, issuedAt: at, expiresAt },
  };
}

/** Returns why it is not known what became of the hosts. Null: it is, while the history reaches back. */
function whyUnknown(record: DecisionRecord): string | null {
  const [field] = currentFields(recordedFilter(record));
  return field === undefined
    ? null
    : `the question selects hosts by \`where.${field}\`, which is known ` +
        'of the present only, because no history has it';
}

/** The snapshot of a record as the SDL shows it. */
const snapshotOf = ({ answer: { snapshot } }: DecisionRecord): Sdl.Snapshot => ({
  ...snapshot,
  now: new Date(snapshot.now),
});

const withExpiry = <T extends { readonly expiresAt: string }>(item: T) => ({
  ...item,
  expiresAt: new Date(item.expiresAt),
});
