import fc from 'fast-check';
import { type Decision, decide, mayChange } from '../src/gate/decide.js';
import type { FleetAnswer } from '../src/gate/fleet.js';
import type { Tolerance } from '../src/gate/question.js';
import type { Cohort } from '../src/registry/generated/operations.js';
import { KINDS } from '../src/registry/kinds.js';
import { cohort, fleetAnswer, reason, verdict } from './fleet-answer.js';

const strict = { maxRefused: { hosts: 0 } as Tolerance, allowEmpty: false };
const refused = reason('STATE_VERSION_TOO_LOW', 'REFUSED', { errno: 'EINVAL' });
const busy = reason('TRANSITION_IN_PROGRESS', 'REFUSED', { errno: 'EBUSY', clearedBy: 'TIME' });
const unsafe = reason('STATE_LEFT_BEHIND', 'UNSAFE');
const unknown = reason('REPORT_STALE', 'UNKNOWN', { clearedBy: 'REPORT' });
const advice = reason('CVE_REOPENED', 'ADVISORY');

const none = { safe: 0, unknown: 0, unsafe: 0, refused: 0, total: 0, harmful: 0, accepted: 0 };
const allowed = (hosts: number) => cohort(hosts, verdict([unknown], { allowed: ['REPORT_STALE'] }));
const safe = (hosts: number) => cohort(hosts, verdict([advice]));
const bad = (hosts: number, ...reasons: Parameters<typeof verdict>[0]) => cohort(hosts, verdict(reasons));

/** Returns the exit code of `decide`, also when it throws. */
function exitOf(answer: FleetAnswer, gate: Partial<typeof strict> = {}): number {
  try {
    return decide(answer, { ...strict, ...gate }).exit;
  } catch (error) {
    return (error as { exit: number }).exit;
  }
}

test.each<
  [rule: string, cohorts: Cohort[], gate: Partial<typeof strict>, more: Partial<FleetAnswer>, exit: number]
>([
  ['all SAFE is yes', [safe(3)], {}, {}, 0],
  ['an UNSAFE host is no', [safe(3), bad(1, unsafe)], {}, {}, 1],
  ['no tolerance covers UNSAFE', [safe(9), bad(1, unsafe)], { maxRefused: { percent: 100 } }, {}, 1],
  ['a REFUSED host is no', [safe(3), bad(1, refused)], {}, {}, 1],
  ['an UNKNOWN host is "cannot tell"', [safe(3), bad(1, unknown)], {}, {}, 3],
  ['a no wins over "cannot tell"', [bad(1, refused), bad(1, unknown)], {}, {}, 1],
  ['harm wins over "cannot tell"', [bad(1, unsafe), bad(1, unknown)], {}, {}, 1],
  ['an allowed UNKNOWN reason is yes', [allowed(1)], {}, {}, 0],
  [
    'an allowed UNKNOWN host and one that is not allowed is "cannot tell"',
    [safe(3), allowed(2), bad(1, unknown)],
    {},
    {},
    3,
  ],
  [
    'allowed UNKNOWN hosts are "cannot tell" if not all cohorts were read',
    [safe(3), allowed(2)],
    {},
    { complete: false },
    3,
  ],
  [
    'more accepted hosts than SAFE and UNKNOWN ones is no answer',
    [bad(2, refused)],
    {},
    { counts: { ...none, refused: 2, total: 2, accepted: 1 } },
    4,
  ],
  [
    'fewer accepted hosts than SAFE ones is no answer',
    [safe(2)],
    {},
    { counts: { ...none, safe: 2, total: 2, accepted: 1 } },
    4,
  ],
  [
    'an accepted count that contradicts its cohorts is no answer',
    [bad(2, unknown)],
    {},
    { counts: { ...none, unknown: 2, total: 2, accepted: 2 } },
    4,
  ],
  [
    'an accepted cohort with a reason that was not allowed is no answer',
    [cohort(1, verdict([unknown], { accepted: true }))],
    {},
    {},
    4,
  ],
  ['no host at all is "cannot tell"', [], {}, {}, 3],
  ['no host at all is yes if that is allowed', [], { allowEmpty: true }, {}, 0],
  [
    'an empty selection because of a scope is never yes',
    [],
    { allowEmpty: true },
    { limitedByScope: true },
    3,
  ],
  ['refused within the number is yes', [safe(3), bad(2, refused)], { maxRefused: { hosts: 2 } }, {}, 0],
  ['refused above the number is no', [safe(3), bad(2, refused)], { maxRefused: { hosts: 1 } }, {}, 1],
  [
    'refused within the percentage is yes',
    [safe(19), bad(1, refused)],
    { maxRefused: { percent: 5 } },
    {},
    0,
  ],
  ['a percentage is rounded down', [safe(18), bad(1, refused)], { maxRefused: { percent: 5 } }, {}, 1],
  ['all refused and all tolerated is yes', [bad(2, refused)], { maxRefused: { percent: 100 } }, {}, 0],
  [
    'harm behind a refusal is never tolerated',
    [safe(9), bad(1, refused, unsafe)],
    { maxRefused: { hosts: 5 } },
    {},
    1,
  ],
  [
    'an UNKNOWN reason behind a refusal is never tolerated',
    [safe(9), bad(1, refused, unknown)],
    { maxRefused: { hosts: 5 } },
    {},
    1,
  ],
  [
    'an allowed UNKNOWN reason behind a refusal is tolerated',
    [safe(9), cohort(1, verdict([refused, unknown], { allowed: ['REPORT_STALE'] }))],
    { maxRefused: { hosts: 5 } },
    {},
    0,
  ],
  [
    'tolerated refusals do not hide an unknown host',
    [safe(9), bad(1, refused), bad(1, unknown)],
    { maxRefused: { hosts: 5 } },
    {},
    3,
  ],
  [
    'refusals are not tolerated if not all cohorts were read',
    [safe(9), bad(1, refused)],
    { maxRefused: { hosts: 5 } },
    { complete: false },
    3,
  ],
  ['a scope that hides hosts is "cannot tell"', [safe(3)], {}, { limitedByScope: true }, 3],
  ['a scope that hides hosts does not change a no', [bad(3, refused)], {}, { limitedByScope: true }, 1],
  ['a yes about the past is yes', [safe(3)], {}, { asOf: '2026-11-23T10:00:00.000Z' }, 0],
  ['a no about the past is no', [safe(3), bad(1, unsafe)], {}, { asOf: '2026-11-23T10:00:00.000Z' }, 1],
  ['an empty selection of the past is "cannot tell"', [], {}, { asOf: '2026-11-23T10:00:00.000Z' }, 3],
  ['a fleet that changed while it was read is "cannot tell"', [safe(3)], {}, { steady: false }, 3],
  [
    'counts that do not add up are no answer',
    [safe(3)],
    {},
    { counts: { safe: 3, unknown: 1, unsafe: 0, refused: 0, total: 3, harmful: 0, accepted: 3 } },
    4,
  ],
  ['more hosts matched than counted is no answer', [safe(3)], {}, { matched: 4 }, 4],
  ['a kind that contradicts its counts is no answer', [safe(3)], {}, { kind: 'UNSAFE' }, 4],
  [
    'SAFE hosts with harm are no answer',
    [safe(3)],
    {},
    { counts: { safe: 3, unknown: 0, unsafe: 0, refused: 0, total: 3, harmful: 1, accepted: 3 } },
    4,
  ],
  [
    'fewer hosts with harm than UNSAFE ones is no answer',
    [bad(2, unsafe)],
    {},
    { counts: { safe: 0, unknown: 0, unsafe: 2, refused: 0, total: 2, harmful: 1, accepted: 0 } },
    4,
  ],
  [
    'a SAFE cohort with a reason against it is no answer',
    [cohort(1, verdict([unknown], { kind: 'SAFE' }))],
    {},
    {},
    4,
  ],
  ['cohorts that contradict the counts are no answer', [safe(3)], {}, { cohorts: [safe(2)] }, 4],
])('%s', (_rule, cohorts, gate, more, exit) => {
  expect(exitOf(fleetAnswer(cohorts, more), gate)).toBe(exit);
});

const anyReason = fc.constantFrom(refused, busy, unsafe, unknown, advice);
const anyCohort = fc
  .tuple(
    fc.integer({ min: 1, max: 50 }),
    fc.uniqueArray(anyReason, { maxLength: 3 }),
    fc.constantFrom<string[]>([], ['REPORT_STALE']),
  )
  .map(([hosts, reasons, allowed]) => cohort(hosts, verdict(reasons, { allowed })));
const anyFleet = fc.array(anyCohort, { maxLength: 5 });
const anyGate = fc.record({
  maxRefused: fc.oneof(fc.record({ hosts: fc.nat(60) }), fc.record({ percent: fc.nat(100) })),
  allowEmpty: fc.boolean(),
});

test('law: yes only if every host is accepted, or refused within the tolerance for no other reason', () => {
  fc.assert(
    fc.property(anyFleet, anyGate, (cohorts, gate) => {
      const answer = fleetAnswer(cohorts);
      if (decide(answer, gate).exit !== 0) return;
      const { counts, matched } = answer;
      const most =
        'hosts' in gate.maxRefused ? gate.maxRefused.hosts : (gate.maxRefused.percent * matched) / 100;
      expect(counts.unsafe + counts.harmful).toBe(0);
      expect(counts.accepted + counts.refused).toBe(matched);
      expect(counts.refused).toBeLessThanOrEqual(most);
      expect(matched > 0 || gate.allowEmpty).toBe(true);
      for (const { verdict: judged } of cohorts)
        if (judged.kind === 'REFUSED')
          expect(
            judged.reasons.every(
              (why) => why.kind === 'REFUSED' || why.kind === 'ADVISORY' || judged.allowed.includes(why.code),
            ),
          ).toBe(true);
    }),
  );
});

test('law: the sentence of a decision names the point in time exactly if it is in the past', () => {
  const asOf = fc.constantFrom(null, '2026-11-23T10:00:00.000Z');
  fc.assert(
    fc.property(anyFleet, anyGate, asOf, (cohorts, gate, then) => {
      const [past, present] = [
        decide(fleetAnswer(cohorts, { asOf: then }), gate),
        decide(fleetAnswer(cohorts), gate),
      ];
      expect(past).toEqual({
        ...present,
        why: then === null ? present.why : `as of 2026-11-23T10:00:00Z, ${present.why}`,
      });
    }),
  );
});

test('law: a worse host never makes a better answer', () => {
  const worse = [0, 3, 1];
  fc.assert(
    fc.property(anyFleet, anyCohort, (cohorts, one) => {
      fc.pre(one.verdict.kind !== 'SAFE' && cohorts.length > 0);
      expect(worse.indexOf(exitOf(fleetAnswer([...cohorts, one])))).toBeGreaterThanOrEqual(
        worse.indexOf(exitOf(fleetAnswer(cohorts))),
      );
    }),
  );
});

test('law: an answer in which any count was changed is no yes', () => {
  const key = fc.constantFrom('safe', 'unknown', 'unsafe', 'refused', 'total', 'harmful');
  fc.assert(
    fc.property(anyFleet, key, fc.integer({ min: 1, max: 9 }), (cohorts, which, by) => {
      const sound = fleetAnswer(cohorts);
      const counts = { ...sound.counts, [which]: sound.counts[which as keyof typeof sound.counts] + by };
      expect(exitOf({ ...sound, counts }, { maxRefused: { percent: 100 } })).not.toBe(0);
    }),
  );
});

test.each<[rule: string, cohorts: Cohort[], passes: boolean]>([
  ['"cannot tell" may change', [bad(1, unknown)], true],
  ['an empty selection may change', [], true],
  ['a refusal that time clears may change', [bad(1, busy)], true],
  ['a refusal that time clears, with an UNKNOWN reason, may change', [bad(1, busy, unknown)], true],
  ['a refusal that only its author clears does not', [bad(1, busy, refused)], false],
  ['one such host among others does not', [bad(1, busy), bad(1, refused)], false],
  ['harm does not', [bad(1, unsafe)], false],
  ['harm behind a refusal that time clears does not', [bad(1, busy, unsafe)], false],
  ['a yes does not', [safe(1)], false],
])('waiting: %s', (_rule, cohorts, passes) => {
  const answer = fleetAnswer(cohorts);
  const decision: Decision = decide(answer, strict);
  expect(mayChange(decision, answer)).toBe(passes);
});

test('the worst kind comes last', () => {
  expect(KINDS).toEqual(['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED']);
});
