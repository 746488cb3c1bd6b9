/**
 * The embedded PostgreSQL cannot be used. The message tells the operator what is wrong, where, and what to do
 * next.
 */
export class EmbeddedPostgresError extends Error {}
