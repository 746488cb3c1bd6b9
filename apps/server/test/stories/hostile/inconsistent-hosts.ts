import type { Random } from '../../random.js';
import { running, sealed } from '../../registry.js';
import { heartbeatOf, type SentMessage } from './valid-stream.js';

/**
 * Makes a message that is valid by itself and contradicts other messages of its host.
 *
 * Such messages come from copied hosts, restored disks, other machines or boots, and sequences that go back.
 * The instances are not those of valid hosts; the hostnames are.
 */
export function inconsistentMessage(random: Random): SentMessage {
  const known = random.below(5) > 0;
  const end = (16 + random.below(10)).toString(16);
  const instance = `0190d000-0000-7000-8000-${known ? '0000000000' : 'ffffffffff'}${end}`;
  const report = running(`good-${20 + random.below(10)}`, ['lab_r_1v1_a'], {
    host: {
      instance,
      machine: random.pick([null, 'a'.repeat(64), 'b'.repeat(64)]) as never,
      bootId: random.pick(['b0b0b0b0-0000-4000-8000-000000000001', 'b0b0b0b0-0000-4000-8000-000000000002']),
    },
    taint: 45_056 + random.below(2),
  });
  const sequence = random.pick([1 + random.below(30), Number.MAX_SAFE_INTEGER]);
  if (known && random.below(2) === 0)
    return {
      what: 'an inconsistent report',
      kind: 'reports',
      text: JSON.stringify(sealed({ ...report, sequence })),
      outcome: 'STORED|UNCHANGED|REPEATED|SUPERSEDED|SEQUENCE_CONFLICT|BAD_USER_INPUT',
    };
  const text = JSON.stringify(
    heartbeatOf(report, { sequence, digest: random.pick([report.digest, 'e'.repeat(64)]) }),
  );
  return {
    what: 'an inconsistent heartbeat',
    kind: 'heartbeats',
    text,
    outcome: known
      ? 'CONFIRMED|REPORT_WANTED|SUPERSEDED|UNKNOWN_HOST|BAD_USER_INPUT'
      : 'UNKNOWN_HOST|BAD_USER_INPUT',
  };
}
