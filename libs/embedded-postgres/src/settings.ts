import os from 'node:os';

const MIB = 2 ** 20;

/**
 * Which of PostgreSQL's settings suit a fleet on a machine with so much memory (bytes)?
 *
 * PostgreSQL's own defaults are made for any machine: pages that a fleet changes all the time leave 128 MiB again and again, and after each checkpoint every page that is touched is
 * written into the log as a whole; with 1 GiB of log, a rollout makes one checkpoint after the other. Cost: up to 4 GiB of log on disk, and a longer start after a crash.
 */
export function sized(memory = os.totalmem()): Record<string, string> {
  const buffers = Math.min(2048, Math.max(128, Math.floor(memory / MIB / 4)));
  return { shared_buffers: `${buffers}MB`, max_wal_size: '4GB', checkpoint_timeout: '15min', jit: 'off' };
}
