import { z } from 'zod';
import { LabelKey, line, word } from './names.js';

/** Codes of advisories. A rule may raise them to UNSAFE. */
export const RaisedCode = z.enum([
  'CVE_REOPENED',
  'NOT_BOOT_PERSISTENT',
  'VENDOR_UNSUPPORTED',
  'DATA_SEMANTICS_NOT_PROVEN',
]);

/** Codes of UNKNOWN reasons that a question may allow. */
export const AllowedCode = z.enum([
  'RESTORE_NOT_PROMISED',
  'STATES_UNDECLARED',
  'STACK_DEPENDENCY_UNKNOWN',
  'PRE_PATCH_MAY_REFUSE',
  'SYMBOLS_UNVERIFIED',
  'SIGNATURE_UNVERIFIED',
  'HOST_GATES_UNKNOWN',
  'EVIDENCE_TOO_WEAK',
  'PATCH_NOT_CATALOGUED',
  'BOOT_HISTORY_INCOMPLETE',
  'BOOT_UNKNOWN',
]);

const PolicyRoute = z.enum([
  'NONE_NEEDED',
  'REVERSE',
  'REPLACE',
  'STACK',
  'DISABLE',
  'DISABLE_THEN_LOAD',
  'BRIDGE',
  'REBOOT',
]);

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A duration such as `4m`, as in GraphQL. */
const Duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]$/, 'must be a whole number with a unit, such as "90s", "15m", "2h" or "1d"');

/** Returns the seconds of a duration of a policy. */
export const secondsOf = (duration: string): number =>
  Number(duration.slice(0, -1)) * SECONDS[duration.at(-1) as keyof typeof SECONDS];

const distinct = (items: readonly unknown[]): boolean => new Set(items).size === items.length;
const listOf = <T extends z.ZodType>(item: T) =>
  z.array(item).refine(distinct, 'must not list a value twice');

/** A condition on a label from enrolment or an admin. Labels that hosts report never count. */
export const LabelCondition = z
  .strictObject({
    key: LabelKey.refine(
      (key) => !key.startsWith('agent.'),
      'must not begin with `agent.`: a policy reads no labels that hosts report',
    ),
    /** Has one of these values. */
    in: listOf(line(253)).min(1).max(100).optional(),
    /** Has none of these values, or lacks the label. */
    notIn: listOf(line(253)).min(1).max(100).optional(),
    exists: z.boolean().optional(),
  })
  .refine(
    (one) => [one.in, one.notIn, one.exists].filter((test) => test !== undefined).length === 1,
    'must have exactly one of `in`, `notIn` and `exists`',
  );
export type LabelCondition = z.infer<typeof LabelCondition>;

/** What holds for the hosts of a selector. */
const PolicyRule = z.strictObject({
  name: word(64),
  /** All of them must be met. Left out: the rule holds for every host. */
  where: z.array(LabelCondition).min(1).max(20).optional(),
  /** Advisories that count as UNSAFE. No question can undo that. */
  raise: listOf(RaisedCode).default([]),
  /** Default of `maxAge`: a question that names the option overrides it. */
  maxAge: Duration.optional(),
  /** Default of `evidence`. Weaker evidence than MODULE is no default, because a policy is only stricter. */
  evidence: z.enum(['LIVE', 'MODULE']).optional(),
  /** Default of `route`. */
  routes: listOf(PolicyRoute).min(1).optional(),
  /** Default of `allow`. */
  allow: listOf(AllowedCode).optional(),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

/** The most rules of a policy: a question counts the hosts of each. */
const MAX_RULES = 50;

/**
 * The policy of a registry. Its rules are tried in order, and the first whose selector matches a host holds
 * for it. YAML or JSON in files, JSON on the wire.
 */
export const PolicyDocument = z.strictObject({
  schema: z.literal('policy/v1'),
  rules: z
    .array(PolicyRule)
    .max(MAX_RULES)
    .refine((rules) => distinct(rules.map(({ name }) => name)), 'must not give two rules the same name'),
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;
