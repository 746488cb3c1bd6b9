import { running, sealed } from '../../registry.js';
import { beat, type Chance, type Sent } from './stream.js';

/**
 * What hosts say that are at odds with themselves: copies, restored disks, other machines and boots, sequences that go back. Each document is right for itself.
 *
 * They do not go by what good hosts are called, but by the same names.
 */
export function odd(chance: Chance): Sent {
  const known = chance.below(5) > 0;
  const instance = `0190d000-0000-7000-8000-${known ? '0000000000' : 'ffffffffff'}${(16 + chance.below(10)).toString(16)}`;
  const report = running(`good-${20 + chance.below(10)}`, ['lab_r_1v1_a'], {
    host: {
      instance,
      machine: chance.one([null, 'a'.repeat(64), 'b'.repeat(64)]) as never,
      bootId: chance.one(['b0b0b0b0-0000-4000-8000-000000000001', 'b0b0b0b0-0000-4000-8000-000000000002']),
    },
    taint: 45_056 + chance.below(2),
  });
  const sequence = chance.one([1 + chance.below(30), Number.MAX_SAFE_INTEGER]);
  if (known && chance.below(2) === 0)
    return {
      what: 'a report at odds',
      door: 'reports',
      text: JSON.stringify(sealed({ ...report, sequence })),
      outcome: 'STORED|UNCHANGED|REPEATED|SUPERSEDED|SEQUENCE_CONFLICT|BAD_USER_INPUT',
    };
  const text = JSON.stringify(
    beat(report, { sequence, digest: chance.one([report.digest, 'e'.repeat(64)]) }),
  );
  return {
    what: 'a heartbeat at odds',
    door: 'heartbeats',
    text,
    outcome: known
      ? 'CONFIRMED|REPORT_WANTED|SUPERSEDED|UNKNOWN_HOST|BAD_USER_INPUT'
      : 'UNKNOWN_HOST|BAD_USER_INPUT',
  };
}
