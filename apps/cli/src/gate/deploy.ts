import { EXIT, unexpected } from '../exits.js';
import type { Registry } from '../registry/client.js';
import {
  CAN_DEPLOY,
  type DeployAnswer,
  type HostFilter,
  type TargetInput,
} from '../registry/generated/operations.js';
import { KINDS } from '../registry/kinds.js';
import type { Decision } from './decide.js';
import type { QuestionVariables, Tolerance } from './question.js';

/** What the gate before a rollout tolerates. */
export interface DeployGate {
  /** Hosts that the kernel would refuse, or that have no build. */
  readonly maxRefused: Tolerance;
  /** Hosts that would lose a way back. */
  readonly maxNoReturn: Tolerance;
  readonly allowEmpty: boolean;
}

export interface DeployQuestion extends QuestionVariables {
  readonly what: TargetInput;
  readonly where: HostFilter;
  readonly asOf?: string;
}

/** Asks whether hosts can take a patch, and which ways back they would lose. */
export async function askDeploy(question: DeployQuestion, registry: Registry): Promise<DeployAnswer> {
  const { canDeploy } = await registry.ask(CAN_DEPLOY, { ...question });
  const { kind, counts, matched, noReturn, ways, limitedByScope } = canDeploy;
  const lost = ways.map((way) => way.lost);
  const worst =
    KINDS.findLast((each) => counts[each.toLowerCase() as Lowercase<typeof each>] > 0) ?? 'UNKNOWN';
  const isConsistent =
    (kind === worst || (limitedByScope && worst === 'SAFE' && kind === 'UNKNOWN')) &&
    counts.accepted >= counts.safe &&
    counts.accepted <= counts.safe + counts.unknown &&
    counts.harmful >= counts.unsafe &&
    counts.harmful <= matched - counts.safe &&
    ['TODAY', 'ORIGINAL'].every((to) => ways.filter((way) => way.to === to).length === 1) &&
    counts.safe + counts.unknown + counts.unsafe + counts.refused === counts.total &&
    counts.total === matched &&
    noReturn <= matched &&
    canDeploy.refusedInDoubt <= counts.refused &&
    canDeploy.reasons.every(
      ({ hosts, reason }) => reason.kind === 'ADVISORY' || hosts <= matched - counts.safe,
    ) &&
    lost.every((hosts) => hosts <= noReturn) &&
    lost.reduce((sum, hosts) => sum + hosts, 0) >= noReturn &&
    ways.every((way) => way.lost <= way.openToday);
  if (!isConsistent) throw unexpected('the registry’s answer contradicts itself: its counts do not add up');
  return canDeploy;
}

/**
 * Decides whether the rollout may go on.
 *
 * The order of precedence is: harm, refusals and lost ways back (1), unknowns (3), yes (0).
 */
export function decideDeploy(answer: DeployAnswer, gate: DeployGate): Decision {
  const { counts, matched, noReturn } = answer;
  const within = (found: number, limit: Tolerance) =>
    'hosts' in limit ? found <= limit.hosts : found * 100 <= limit.percent * matched;
  const against = [
    // a refusal that ends with time leaves the harm
    counts.harmful > 0 ? `${counts.harmful} would be harmed by the installation` : null,
    within(counts.refused, gate.maxRefused) ? null : `${counts.refused} would be refused`,
    within(noReturn, gate.maxNoReturn) ? null : `${noReturn} could not go back afterwards`,
  ].filter((part) => part !== null);
  if (against.length > 0)
    return { exit: EXIT.NO, answer: 'no', why: `of ${hosts(matched)}, ${against.join(', ')}` };
  const cannotTell = (why: string): Decision => ({ exit: EXIT.CANNOT_TELL, answer: 'cannot tell', why });
  if (answer.limitedByScope) return cannotTell('the token is limited to some of the matching hosts');
  const hidden = answer.refusedInDoubt;
  if (hidden > 0)
    return cannotTell(`${hidden} of ${hosts(matched)} would be refused, and cannot be judged otherwise`);
  const unknown = counts.unknown - (counts.accepted - counts.safe);
  if (unknown > 0) return cannotTell(`${unknown} of ${hosts(matched)} cannot be judged`);
  if (matched === 0 && !gate.allowEmpty) return cannotTell('no host matches');
  const tolerated = [
    counts.refused > 0 ? `${counts.refused} would be refused` : null,
    noReturn > 0 ? `${noReturn} could not go back afterwards` : null,
  ].filter((part) => part !== null);
  const rest = tolerated.length === 0 ? '' : `; ${tolerated.join(', ')}, which is tolerated`;
  return {
    exit: EXIT.YES,
    answer: 'yes',
    why:
      matched === 0
        ? 'no host matches, which --allow-empty accepts'
        : `${counts.accepted} of ${hosts(matched)} can take it${rest}`,
  };
}

const hosts = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);
