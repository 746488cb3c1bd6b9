import { EXIT, unexpected } from '../exits.js';
import type { Registry } from '../registry/client.js';
import {
  ASK_DRIFT,
  type AskDrift,
  type DriftGroup,
  type HostFilter,
  type TargetInput,
} from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import type { Decision } from './decide.js';
import type { QuestionVariables } from './question.js';

export interface DriftQuestion extends Omit<
  QuestionVariables,
  'maxAge' | 'rules' | 'witnesses' | 'sharedSigningKeys'
> {
  readonly to: TargetInput;
  readonly where: HostFilter;
  readonly from: string;
  /** Left out: the present. */
  readonly until?: string;
}

/** A drift, combined from all pages. */
export interface DriftAnswer extends Omit<AskDrift['drift'], 'groups'> {
  readonly groups: readonly DriftGroup[];
  /** All groups are here. */
  readonly complete: boolean;
}

/** The maximum number of groups to read. */
const MAX_GROUPS = 1_000;

/** Asks which hosts lost or won the way back. Later pages are of the same time as the first. */
export async function askDrift(question: DriftQuestion, registry: Registry): Promise<DriftAnswer> {
  let first: AskDrift['drift'] | null = null;
  const { nodes, cut } = await gather(async (size, after) => {
    const until = first === null ? question.until : first.after.now;
    const { drift } = await registry.ask(ASK_DRIFT, { ...question, until, first: size, after });
    first ??= drift;
    return drift.groups;
  }, MAX_GROUPS);
  const { groups: _, ...rest } = first!;
  const answer = { ...(rest as Omit<AskDrift['drift'], 'groups'>), groups: nodes, complete: !cut };
  const hosts = answer.transitions.reduce((sum, each) => sum + each.hosts, 0);
  if (hosts !== answer.matched || answer.lost + answer.won > answer.matched)
    throw unexpected('the registry’s answer contradicts itself: its hosts do not add up');
  return answer;
}

/** Decides whether a host lost the way back. */
export function decideDrift({ matched, lost, won, limitedByScope }: DriftAnswer): Decision {
  const why = `of ${matched === 1 ? '1 host' : `${matched} hosts`}, ${lost} lost the way back, ${won} won it`;
  if (lost > 0) return { exit: EXIT.NO, answer: 'no', why };
  const cannotTell = (reason: string): Decision => ({
    exit: EXIT.CANNOT_TELL,
    answer: 'cannot tell',
    why: reason,
  });
  if (limitedByScope) return cannotTell('the token is limited to some of the matching hosts');
  if (matched === 0) return cannotTell('no host matches');
  return { exit: EXIT.YES, answer: 'yes', why };
}
