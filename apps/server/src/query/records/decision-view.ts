import type { DecisionRow } from '../../store/records/decisions.store.js';
import type * as Sdl from '../generated/schema.js';
import type { DecisionRecord } from './decision-record.js';

/** A decision as the SDL shows it, with its record. */
export type DecisionParent = Omit<Sdl.Decision, 'afterwards'> & { readonly record: DecisionRecord };

/** Returns a stored decision as the SDL shows it. */
export function decisionView(row: DecisionRow): DecisionParent {
  const record = JSON.parse(row.record) as DecisionRecord;
  const { id, changeId, gate, decision, overridden, at, who, keyId, signature } = row;
  const { answer, overrides, question, passed } = record;
  const { ignored, waivers } = overrides;
  const expiresAt = new Date(record.expiresAt);
  return {
    record,
    id,
    changeId,
    gate,
    decision,
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

/** The snapshot of a record as the SDL shows it. */
const snapshotOf = ({ answer: { snapshot } }: DecisionRecord): Sdl.Snapshot => ({
  ...snapshot,
  now: new Date(snapshot.now),
});

const withExpiry = <T extends { readonly expiresAt: string }>(item: T) => ({
  ...item,
  expiresAt: new Date(item.expiresAt),
});
