/** What the next report of a host is compared with, and no verdict reads: the column `host.carried_facts`. */
export interface CarriedFacts {
  /** When each leftover was first seen referenced (ISO 8601), by build-id, or by name if it has none. */
  readonly referencedSince: Readonly<Record<string, string>>;
  /** Build-id (or name) of the patch that was enabled, and is now being disabled. */
  readonly disabling?: string;
  /** When the last complete report was read (ISO 8601), if the last report was not complete. */
  readonly lookedAt?: string;
}
