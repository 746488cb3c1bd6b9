import type { ClientBase } from 'pg';
import type { DatabaseTime } from './database-time.js';
import { DatabaseUnavailable } from './unavailable.js';

/** Names of UTC in PostgreSQL's list of time zones. */
const UTC = [
  'UTC',
  'Etc/UTC',
  'GMT',
  'Etc/GMT',
  'UCT',
  'Etc/UCT',
  'Universal',
  'Etc/Universal',
  'Zulu',
  'Etc/Zulu',
];

interface Session {
  readonly zone: string;
  readonly style: string;
  readonly standby: boolean;
  readonly now: Date;
}

/**
 * Checks a new connection before its first statement.
 *
 * A session in another time zone would shift every time, because the driver adapter reads all times as UTC. A
 * pooler that drops start-up parameters makes such sessions.
 *
 * @param time takes the reading of the clock; null: this is a replica, whose sessions may not write
 * @throws DatabaseUnavailable that says what to do
 */
export async function checkSession(client: ClientBase, time: DatabaseTime | null): Promise<void> {
  const sent = performance.now();
  const { rows } = await client.query(
    `SELECT current_setting('TimeZone') AS zone,
            current_setting('DateStyle') AS style,
            pg_is_in_recovery() AS standby,
            clock_timestamp() AS now`,
  );
  const { zone, style, standby, now } = rows[0] as Session;
  const remedy = (setting: string, value: string) =>
    `ALTER ROLE … SET ${setting} = '${value}' for the role of the address, or let the pooler pass on the ` +
    'start-up parameter "options"';
  if (!UTC.includes(zone))
    throw new DatabaseUnavailable(
      `The session with the database is in the time zone ${zone} and must be in UTC: ` +
        remedy('TimeZone', 'UTC'),
    );
  if (!style.startsWith('ISO'))
    throw new DatabaseUnavailable(
      `The session with the database writes dates as ${style} and must write them as ISO: ` +
        remedy('DateStyle', 'ISO'),
    );
  if (time === null) return;
  if (standby)
    throw new DatabaseUnavailable(
      'The database at DATABASE_URL is a standby and cannot be written: name its primary, or promote it ' +
        '(DATABASE_READ_URL is for replicas)',
    );
  time.read(now, sent);
}
