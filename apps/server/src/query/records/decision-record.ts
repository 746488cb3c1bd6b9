import { canonicalJson } from '@klpreg/wire';
import type * as Sdl from '../generated/schema.js';
import type { GateAnswer, GateQuestion } from './gates.js';

/** A value as JSON has it: an instant and a 64-bit number are text. */
type Json<T> = T extends Date | bigint
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: Json<T[K]> }
      : T;

/** What a certificate says. It is stored with the decision, and signed. */
export interface DecisionRecord {
  readonly schema: 'certificate/v1';
  readonly id: string;
  readonly changeId: string;
  readonly gate: Sdl.Gate;
  /** The question as it was given, with the options of the gate. Durations are in seconds. */
  readonly question: Json<GateQuestion>;
  readonly answer: Json<Omit<GateAnswer, 'decision' | 'waivers'>>;
  readonly overrides: {
    readonly allowed: readonly Sdl.ReasonCode[];
    readonly ignored: Json<readonly Sdl.IgnoredCodeInput[]>;
    readonly waivers: Json<readonly Sdl.UsedWaiver[]>;
    readonly breakGlass: string | null;
  };
  readonly decision: Sdl.GateDecision;
  /** What the registry decided. `decision` is stricter if the gate could not tell. */
  readonly registryDecision: Sdl.GateDecision;
  readonly passed: boolean;
  readonly overridden: boolean;
  readonly who: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** What is recorded, in addition to the question and its answer. */
export interface Recorded {
  readonly id: string;
  readonly changeId: string;
  readonly gate: Sdl.Gate;
  readonly decision: Sdl.GateDecision;
  readonly who: string;
  readonly allowed: readonly Sdl.ReasonCode[];
  readonly ignored: readonly Sdl.IgnoredCodeInput[];
  /** Null: not asked for. */
  readonly breakGlass: string | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** The maximum number of reasons that are recorded. */
const MAX_REASONS = 100;

/** Makes the record of a decision. Break-glass overrides no YES. */
export function toRecord(
  question: GateQuestion,
  { decision: registryDecision, waivers, reasons, ...answer }: GateAnswer,
  { decision, allowed, ignored, breakGlass, ...rest }: Recorded,
): DecisionRecord {
  const passed = decision === 'YES' || breakGlass !== null;
  const { safe, total } = answer.counts;
  const isFree = decision === 'YES' && safe === total && (answer.noReturn ?? 0) === 0;
  const isBroken = decision !== 'YES' && breakGlass !== null;
  return toJson({
    schema: 'certificate/v1',
    ...rest,
    question: withoutNulls(question),
    answer: { ...answer, reasons: reasons.slice(0, MAX_REASONS) },
    overrides: { allowed, ignored, waivers, breakGlass: isBroken ? breakGlass : null },
    decision,
    registryDecision,
    passed,
    overridden: passed && !isFree,
  }) as unknown as DecisionRecord;
}

/** What is signed of a record. */
export const signedText = (record: DecisionRecord): string => canonicalJson(record);

const toJson = (value: object): object =>
  JSON.parse(
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)),
  ) as object;

const withoutNulls = (value: object): object =>
  JSON.parse(
    JSON.stringify(value, (_key, each: unknown) =>
      typeof each === 'bigint' ? String(each) : (each ?? undefined),
    ),
  ) as object;

/** The filter of a recorded question as an argument has it: with instants and 64-bit numbers. */
export function recordedFilter({ question: { where } }: DecisionRecord): Sdl.HostFilter {
  const { changedSince, states, not, ...filter } = where ?? {};
  const withIds = (given: typeof states) => given?.map((state) => ({ ...state, id: BigInt(state.id) }));
  return {
    ...(filter as Sdl.HostFilter),
    ...(changedSince != null && { changedSince: new Date(changedSince) }),
    ...(states != null && { states: withIds(states) }),
    ...(not != null && {
      not: not.map((one) => ({ ...(one as Sdl.HostExclusion), states: withIds(one.states) })),
    }),
  };
}
