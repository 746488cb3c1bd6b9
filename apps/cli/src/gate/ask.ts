import type { Environment } from '../environment.js';
import { usage } from '../exits.js';
import type { Registry } from '../registry/client.js';
import { formatTarget, resolveTarget } from '../registry/target.js';
import { hostFilter } from '../where/filter.js';
import { type Decision, decide, type Gate, mayChange, mayRecover } from './decide.js';
import { askFleet, type FleetAnswer, type FleetQuestion } from './fleet.js';
import {
  formatInstant,
  isPast,
  type PointInTime,
  type PointInTimeFlags,
  pointInTimeFrom,
  withCatalogHint,
} from './point-in-time.js';
import { type QuestionFlags, questionFrom, seconds, toleranceFrom } from './question.js';
import { waitUntilDecided } from './wait.js';

/** The flags of the gate before a downgrade. */
export interface GateFlags extends QuestionFlags, PointInTimeFlags {
  readonly to: string;
  readonly where?: string;
  readonly authoritativeLabels?: true;
  readonly leaving: readonly string[];
  readonly by: readonly string[];
  readonly maxRefused?: string;
  readonly allowEmpty?: true;
  readonly wait?: string;
}

/** A question, its answer and what follows from it. */
export interface Asked {
  readonly question: FleetQuestion;
  readonly pointInTime: PointInTime;
  readonly answer: FleetAnswer;
  readonly decision: Decision;
  /** By which it was decided. */
  readonly gate: Gate;
  /** The question as a sentence. */
  readonly title: string;
}

const CATALOG_HINT = 'this used the catalog of that time; --catalog now uses what is published today';

/**
 * Asks whether hosts can be downgraded, and decides. With `--wait` it asks again while that may help.
 *
 * @param ignored the codes that a file accepts in addition to `--allow`
 */
export async function askGate(
  flags: GateFlags,
  environment: Environment,
  registry: Registry,
  ignored: readonly string[] = [],
): Promise<Asked> {
  const gate: Gate = {
    maxRefused: toleranceFrom(flags.maxRefused),
    allowEmpty: flags.allowEmpty ?? false,
    allow: flags.allow,
    ignored,
  };
  const asked = {
    where: hostFilter(flags.where, flags.authoritativeLabels, environment.now()),
    ...questionFrom({ ...flags, allow: [...flags.allow, ...ignored] }),
  };
  const pointInTime = pointInTimeFrom(flags, environment.now());
  const patience = flags.wait === undefined ? 0 : seconds('--wait', flags.wait);
  if (flags.wait !== undefined && isPast(pointInTime))
    throw usage(
      '--wait cannot be used with --as-of or --snapshot: the past does not change',
      'leave out --wait, or ask about the present',
    );

  const attempt = async () => {
    const question: FleetQuestion = {
      to: await resolveTarget(flags.to, flags.leaving, registry, flags.owner),
      ...asked,
    };
    const answer = await withCatalogHint(pointInTime, CATALOG_HINT, async () =>
      askFleet(question, flags.by, pointInTime, registry),
    );
    const decision = decide(answer, gate);
    return {
      result: { question, answer, decision },
      undecided: mayChange(decision, answer) ? decision.why : null,
    };
  };
  const result = await waitUntilDecided(attempt, mayRecover, patience, environment);
  return { ...result, gate, pointInTime, title: titleFor(flags.where, result, pointInTime) };
}

/** Returns the question as a sentence, with its point in time unless that is the present. */
function titleFor(
  where: string | undefined,
  { question: { to }, answer: { asOf } }: Pick<Asked, 'question' | 'answer'>,
  { catalog }: PointInTime,
): string {
  const question =
    `${where === undefined ? 'every host' : `the hosts with ${where}`} ` +
    `be downgraded to ${formatTarget(to)}?`;
  return asOf === null
    ? `Can ${question}`
    : `As of ${formatInstant(asOf)}${catalog === 'NOW' ? " and by today's catalog" : ''}, could ${question}`;
}
