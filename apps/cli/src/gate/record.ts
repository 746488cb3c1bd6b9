import { writeFileSync } from 'node:fs';
import { fileText } from '../certificate/file.js';
import type { Environment } from '../environment.js';
import { EXIT, Failure, unexpected } from '../exits.js';
import {
  RECORD_DECISION,
  type RecordDecision,
  type HostFilter,
  type Snapshot,
  type TargetInput,
  type UsedWaiver,
} from '../registry/generated/operations.js';
import type { Registry } from '../registry/client.js';
import { clean } from '../show/clean.js';
import type { Decision } from './decide.js';
import type { PointInTime } from './point-in-time.js';
import type { QuestionVariables, Tolerance } from './question.js';
import type { Recording } from './record-flags.js';

/** A question of a gate with its answer and its decision. */
export interface Decided {
  readonly gate: 'CAN_DOWNGRADE' | 'CAN_DEPLOY';
  readonly target: TargetInput;
  readonly where: HostFilter;
  readonly question: QuestionVariables;
  readonly pointInTime: PointInTime;
  readonly snapshot: Snapshot;
  readonly maxRefused: Tolerance;
  readonly maxNoReturn?: Tolerance;
  readonly allowEmpty: boolean;
  readonly decision: Decision;
}

/** A decision that may have been recorded and overridden. */
export interface Outcome {
  /** As decided. An override changes its exit code only. */
  readonly decision: Decision;
  readonly recorded: { readonly id: string; readonly changeId: string } | null;
  /** Why the decision was overridden. Null: it was not. */
  readonly override: string | null;
}

const CLAIMS = { yes: 'YES', no: 'NO', 'cannot tell': 'CANNOT_TELL' } as const;

/**
 * Records a decision if the flags say so. It is recorded before anything is printed, so that a yes, or an
 * override, is never without its record.
 *
 * @throws Failure 4 or 5 if it cannot be recorded. With break-glass the decision stays as it is instead.
 */
export async function record(
  recording: Recording,
  decided: Decided,
  registry: Registry,
  environment: Environment,
): Promise<Outcome> {
  const { changeId, certificate, breakGlass } = recording;
  const { decision } = decided;
  const unrecorded: Outcome = { decision, recorded: null, override: null };
  if (changeId === null && certificate === null && breakGlass === null) return unrecorded;
  const claimed = CLAIMS[decision.answer];
  let made: RecordDecision['recordDecision'];
  try {
    ({ recordDecision: made } = await registry.ask(RECORD_DECISION, {
      input: { ...inputOf(recording, decided), claimed },
    }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (breakGlass === null || decision.exit === EXIT.YES) throw notRecorded(error);
    const why = clean([error.message, ...error.hints].join('; '));
    const what = mayBeRecorded(error)
      ? `${UNCLEAR}. The decision stays here`
      : 'the override cannot be recorded, so the decision stays';
    environment.stderr.write(`NOT OVERRIDDEN: ${what}: ${why}\n`);
    return unrecorded;
  }
  const isSure = claimed === 'CANNOT_TELL' && made.decision === 'NO';
  if (!(made.decision === claimed || isSure) || made.passed !== (claimed === 'YES' || breakGlass !== null))
    throw unexpected(`the registry recorded ${made.decision} as decision ${made.id}, and not ${claimed}`);
  const change = made.changeId === made.id ? '' : ` for change ${made.changeId}`;
  environment.stderr.write(`${clean(`recorded as decision ${made.id}${change}`)}\n`);
  if (certificate !== null) write(certificate, made);
  const both: Decision = isSure
    ? {
        exit: EXIT.NO,
        answer: 'no',
        why: 'the registry decided so by the whole answer, of which the gate read a part',
      }
    : decision;
  const override = both.exit === EXIT.YES ? null : breakGlass;
  return {
    decision: override === null ? both : { ...both, exit: EXIT.YES },
    recorded: { id: made.id, changeId: made.changeId },
    override,
  };
}

const UNCLEAR = 'it is not known whether the registry recorded it, and klpreg decision list tells';

/** Whether the registry may have recorded although it gave no answer. A refusal is an answer. */
const mayBeRecorded = ({ exit, code }: Failure): boolean =>
  exit === EXIT.UNREACHABLE && code !== 'DECISION_DIFFERS';

function inputOf({ changeId, expiresIn, breakGlass, ignored }: Recording, decided: Decided) {
  const { gate, target, where, question, pointInTime, snapshot, maxRefused, maxNoReturn, allowEmpty } =
    decided;
  const codes = ignored.map(({ code }) => code);
  const { allow: accepted = [], ...rest } = question;
  // what a question does not say is left to the policy of the registry
  const allow = accepted.filter((code) => !codes.includes(code));
  return {
    ...(changeId !== null && { changeId }),
    gate,
    target,
    where,
    ...rest,
    ...(allow.length > 0 && { allow }),
    ...(snapshot.id === null ? pointInTime : { snapshot: snapshot.id }),
    maxRefused,
    ...(maxNoReturn !== undefined && { maxNoReturn }),
    allowEmpty,
    ...(ignored.length > 0 && { ignored: [...ignored] }),
    ...(breakGlass !== null && { breakGlass }),
    ...(expiresIn !== null && { validFor: expiresIn }),
  };
}

/** A decision without its record is no answer. */
const notRecorded = (failure: Failure): Failure =>
  new Failure(
    failure.exit === EXIT.NOT_AUTHORISED ? failure.exit : EXIT.UNREACHABLE,
    mayBeRecorded(failure)
      ? `no decision: ${UNCLEAR}: ${failure.message}`
      : `the decision was not recorded: ${failure.message}`,
    failure.hints,
  );

function write(file: string, { id, passed, certificate }: RecordDecision['recordDecision']): void {
  try {
    writeFileSync(file, fileText(certificate));
  } catch (error) {
    throw unexpected(
      `--certificate ${file} cannot be written: ${(error as Error).message}`,
      `decision ${id} is recorded, and the change ${passed ? 'passed' : 'was stopped'} by it`,
      `klpreg decision show ${id} -o json has the certificate`,
    );
  }
}

/** What the data of an answer says of the record, waivers and ignored codes. */
export const recordData = (
  { recorded, override }: Outcome,
  { ignored }: Recording,
  waivers: readonly UsedWaiver[],
) => ({
  decision: recorded,
  overridden: override === null ? null : { by: 'break-glass', reason: override },
  ignored,
  waivers,
});
