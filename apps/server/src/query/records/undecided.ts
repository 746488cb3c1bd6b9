/** A decision that let a change pass, and the hosts that its question selected. */
export interface PassedDecision {
  readonly at: Date;
  readonly hostIds: ReadonlySet<string>;
}

/**
 * Returns the hosts with a change that no decision covers: none selected the host at most this long before the
 * change. A later decision covers nothing.
 */
export function undecided(
  changes: readonly { readonly hostId: string; readonly at: Date }[],
  decisions: readonly PassedDecision[],
  validForSeconds: number,
): Set<string> {
  const isCovered = ({ hostId, at }: (typeof changes)[number]): boolean =>
    decisions.some((decision) => {
      const age = at.getTime() - decision.at.getTime();
      return age >= 0 && age <= validForSeconds * 1000 && decision.hostIds.has(hostId);
    });
  return new Set(changes.flatMap((change) => (isCovered(change) ? [] : change.hostId)));
}
