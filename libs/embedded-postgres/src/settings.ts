import os from 'node:os';

const MIB = 2 ** 20;

/**
 * PostgreSQL's settings for a fleet, on a machine with this memory in bytes.
 *
 * Its defaults suit small machines: pages that a fleet changes would leave 128 MiB of buffers again and
 * again, and with 1 GiB of log a rollout makes one checkpoint after the other. The cost is up to 4 GiB of log
 * on disk, and a longer start after a crash.
 */
export function sized(memory = os.totalmem()): Record<string, string> {
  const buffers = Math.min(2048, Math.max(128, Math.floor(memory / MIB / 4)));
  return { shared_buffers: `${buffers}MB`, max_wal_size: '4GB', checkpoint_timeout: '15min', jit: 'off' };
}
