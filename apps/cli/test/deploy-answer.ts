import type { DeployAnswer } from '../src/registry/generated/operations.js';
import { fleetAnswer, reason } from './fleet-answer.js';

/** An answer about hosts with these numbers of verdicts and of lost ways back. */
export function deployAnswer(
  numbers: Partial<Record<'safe' | 'unknown' | 'unsafe' | 'refused' | 'accepted' | 'lost', number>>,
  more: Partial<DeployAnswer> = {},
): DeployAnswer {
  const { safe = 0, unknown = 0, unsafe = 0, refused = 0, lost = 0 } = numbers;
  const { accepted = safe } = numbers;
  const total = safe + unknown + unsafe + refused;
  return {
    kind: refused > 0 ? 'REFUSED' : unsafe > 0 ? 'UNSAFE' : unknown > 0 || total === 0 ? 'UNKNOWN' : 'SAFE',
    counts: { safe, unknown, unsafe, refused, total, harmful: unsafe, accepted },
    matched: total,
    limitedByScope: false,
    waivers: [],
    refusedInDoubt: 0,
    noReturn: lost,
    withoutBuild: 0,
    reasons: refused > 0 ? [{ hosts: refused, reason: reason('STATE_VERSION_TOO_LOW', 'REFUSED') }] : [],
    ways: [
      {
        to: 'TODAY',
        openToday: total,
        lost,
        states: lost > 0 ? ['7', '18446744073709551615'] : [],
        reasons: [],
        groups:
          lost > 0
            ? [{ hosts: lost, runs: ['lp_1', 'lp_2'], kernelRelease: '6.1.0', arch: 'x86_64', states: ['7'] }]
            : [],
      },
      { to: 'ORIGINAL', openToday: 0, lost: 0, states: [], reasons: [], groups: [] },
    ],
    snapshot: fleetAnswer([]).snapshot,
    ...more,
  };
}
