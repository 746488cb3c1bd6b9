/** The database cannot be used. The message tells the operator what is wrong, where, and what to do next. */
export class DatabaseUnavailable extends Error {}

/** The parts of Prisma's errors that contain the error of PostgreSQL or of the socket. */
interface Failure {
  readonly code?: string;
  readonly message?: string;
  readonly cause?: Failure & { readonly kind?: string; readonly originalCode?: string };
  readonly meta?: { readonly driverAdapterError?: Failure };
}

/**
 * Not reached, timed out, closed, too many connections; no transaction began in time, or it was rolled back.
 */
const PRISMA_CODES = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'];
const KINDS = [
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TransactionAlreadyClosed',
  'TransactionWriteConflict',
];
const SOCKETS = /^(?:ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EADDRNOTAVAIL)$/;

/**
 * SQLSTATEs of faults that are not bugs of the registry. By class: connection (08), login (28), rollback of a
 * transaction (40), resources (53), state of an object (55), intervention of an operator (57), system (58).
 * Single ones: a read-only transaction, no such database, and prepared statements that a pooler has on
 * another connection.
 */
const FAULTS = /^(?:(?:08|28|40|53|55|57|58)[0-9A-Z]{3}|25006|3D000|42P05|26000)$/;
/** Faults that pass by themselves, and do not mean that the database cannot be written. */
const MOMENTARY =
  /^(?:40[0-9A-Z]{3}|55[0-9A-Z]{3}|57014|42P05|26000|P2034|P2028|TransactionWriteConflict|TransactionAlreadyClosed)$/;
/** Deadlocks and serialization failures: the transaction that was rolled back may try again. */
const CONFLICTS = ['40P01', '40001'];
const WORDS = new RegExp(
  [
    'Connection terminated',
    'server closed the connection',
    'Client has encountered a connection error',
    'the database system is',
    'timeout exceeded when trying to connect',
    'timeout expired',
  ].join('|'),
);

function codesOf(failure: Failure): string[] {
  const { code, cause, meta } = failure;
  return [code, cause?.kind, cause?.originalCode]
    .filter((one) => one !== undefined)
    .concat(cause ? codesOf(cause) : [], meta?.driverAdapterError ? codesOf(meta.driverAdapterError) : []);
}

const isFault = (code: string): boolean =>
  PRISMA_CODES.includes(code) || KINDS.includes(code) || SOCKETS.test(code) || FAULTS.test(code);

/** Whether the database is down or overloaded, so that the same statement may succeed in a few seconds. */
export function isUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return (
    error instanceof DatabaseUnavailable ||
    codesOf(error).some(isFault) ||
    WORDS.test((error as Failure).message ?? '')
  );
}

/** Whether the fault means that the database cannot be written, and not only by this statement. */
export const isOutage = (error: unknown): boolean =>
  isUnavailable(error) && !codesOf(error as Failure).some((code) => MOMENTARY.test(code));

const isConflict = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  codesOf(error).some((code) => CONFLICTS.includes(code) || code === 'P2034');

/**
 * Whether a row refers to one that does not exist. Then what this process knows to be stored is not in this
 * database: it was restored, or replaced by one that was behind.
 */
export const isDangling = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  codesOf(error).some((code) => ['23503', 'P2003', 'ForeignKeyConstraintViolation'].includes(code));

/** Repeats work that PostgreSQL rolled back because of a concurrent transaction. */
export async function retrying<Result>(work: () => Promise<Result>, attempts = 5): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isConflict(error)) throw error;
    }
  }
}
