/**
 * The bucket of a host: the last byte of its id, which is random in a UUID.
 *
 * Fixed permanently: it leads the keys of all tables about hosts, and a cluster distributes them by it.
 */
export const bucketOf = (hostId: string): number => Number.parseInt(hostId.slice(-2), 16);
