import { sql, type Sql } from '../../database/sql.js';

/** The channel on which servers tell each other that something changed. */
export const CHANGES = 'klpreg_changes';

/**
 * Tells all servers that hosts or the catalog changed, when the transaction commits. A roll-up and a revision
 * of the catalog tell it once; a message of a host does not.
 */
export const NOTIFY_CHANGES: Sql = sql`pg_notify(${CHANGES}::text, '')::text`;
