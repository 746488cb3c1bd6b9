/** What the next report of a host is compared with, and no verdict reads. The column `host.referenced_since`. */
export interface Marks {
  /** Since when each leftover has been seen referenced (ISO instants), by its build-id, or by its name if it has none. */
  readonly referencedSince: Readonly<Record<string, string>>;
  /** Build-id (or name) of the patch that was seen settled, and then being disabled. */
  readonly disabling?: string;
  /** The last complete look (ISO instant), if the last report was not one. */
  readonly lookedAt?: string;
}

/** Rows of before had the references alone. */
export const toMarks = (stored: unknown): Marks =>
  typeof (stored as Marks).referencedSince === 'object' ? (stored as Marks) : { referencedSince: stored as Marks['referencedSince'] };
