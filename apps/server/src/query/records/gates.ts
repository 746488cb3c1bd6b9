import { Injectable } from '@nestjs/common';
import type { Scope } from '../../store/access/tokens.store.js';
import { Deployments } from '../deployments.js';
import { Fleet, type FleetAnswer } from '../fleet.js';
import type * as Sdl from '../generated/schema.js';
import { RULE_SET_NAMES } from '../question.js';
import { countReasons, type JudgedSituation } from '../reason-counts.js';
import { snapshotView } from '../snapshot.js';
import { reasonView } from '../verdict-view.js';
import { decideDeploy, decideDowngrade, type GateOptions } from './gate-decision.js';
import { usedWaivers } from './used-waivers.js';

/** The arguments of a question of a gate. */
export type GateQuestion = Omit<Sdl.QueryCanDowngradeArgs, 'to'> &
  GateOptions & { readonly target: Sdl.TargetInput };

/** The answer to a gate, and what follows from it. */
export interface GateAnswer {
  readonly decision: Sdl.GateDecision;
  readonly kind: Sdl.VerdictKind;
  readonly counts: Sdl.VerdictCounts;
  readonly limitedByScope: boolean;
  /** Null for a gate before a rollback. */
  readonly noReturn: number | null;
  /** All of them, the most frequent first. */
  readonly reasons: readonly Sdl.ReasonCount[];
  readonly reasonCount: number;
  readonly ruleSets: readonly Sdl.RuleSet[];
  readonly evidence: Sdl.Evidence;
  readonly snapshot: Sdl.Snapshot;
  readonly waivers: readonly Sdl.UsedWaiver[];
}

/** Asks the questions of gates, and decides as they do. */
@Injectable()
export class Gates {
  constructor(
    private readonly fleet: Fleet,
    private readonly deployments: Deployments,
  ) {}

  /** @param checkTime throws if no time is left for the question */
  async ask(
    gate: Sdl.Gate,
    { target, maxRefused, maxNoReturn, allowEmpty, ...question }: GateQuestion,
    scope: Scope | null,
    checkTime: () => void,
  ): Promise<GateAnswer> {
    const options = { maxRefused, maxNoReturn, allowEmpty };
    if (gate === 'CAN_DEPLOY') {
      const { sum, installed, answer } = await this.deployments.ask(
        { ...question, what: target },
        scope,
        checkTime,
      );
      const judged = installed.map(({ count, installing }) => ({ count, verdict: installing }));
      const { noReturn } = sum;
      return { ...answerOf(sum, answer, judged), noReturn, decision: decideDeploy(sum, options) };
    }
    const answer = await this.fleet.ask({ ...question, to: target }, scope);
    const { situations } = answer;
    const decision = decideDowngrade(answer, situations, options);
    return { ...answerOf(answer, answer, situations), noReturn: null, decision };
  }
}

/** The strongest first. */
const EVIDENCE: readonly Sdl.Evidence[] = ['LIVE', 'MODULE', 'MANIFEST', 'UNSIGNED', 'INFERRED'];

const weakestOf = (found: readonly Sdl.Evidence[]): Sdl.Evidence =>
  EVIDENCE.findLast((evidence) => found.includes(evidence))!;

function answerOf(
  { kind, counts, limitedByScope }: Pick<GateAnswer, 'kind' | 'counts' | 'limitedByScope'>,
  answer: FleetAnswer,
  judged: readonly JudgedSituation[],
): Omit<GateAnswer, 'noReturn' | 'decision'> {
  const reasons = judged.length === 0 ? answer.reasons : countReasons(judged);
  const sets = new Set(judged.flatMap(({ verdict }) => verdict.rules.sets));
  return {
    kind,
    counts,
    limitedByScope,
    reasons: reasons.map(({ reason, hosts }) => ({ reason: reasonView(reason), hosts })),
    reasonCount: reasons.length,
    ruleSets: [...sets].map((set) => RULE_SET_NAMES[set]).toSorted(),
    evidence: weakestOf(answer.parts.map(({ question }) => question.evidence)),
    snapshot: snapshotView(answer),
    waivers: usedWaivers(answer, judged),
  };
}
