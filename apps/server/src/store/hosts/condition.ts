import { AGENT_PREFIX } from '../content/labels.store.js';
import { join, raw, sql, type Sql } from '../../database/sql.js';
import type { Scope } from '../access/tokens.store.js';
import { type AsOf, closedBefore } from '../history/as-of.js';

/** A test of the labels of a host: of one label, or that at least one of these tests fails. */
export type LabelTest = KeyTest | { readonly notAll: readonly LabelTest[] };

/** A test of one label. */
export interface KeyTest {
  readonly key: string;
  readonly is:
    | { readonly in: readonly string[] }
    | { readonly notIn: readonly string[] }
    | { readonly exists: boolean };
  /** True: the host's own label of this key does not count; false: it counts if no admin set one. */
  readonly authoritative: boolean;
}

/** Which hosts match: all tests must pass, and null restricts nothing. Retired hosts never match. */
export interface Condition {
  /** If it is present, hosts are read one by one through an index. */
  readonly hosts: {
    readonly hostnames: readonly string[] | null;
    readonly ids: readonly string[] | null;
    /** What only the row of the host has, and no history. */
    readonly current?: CurrentFacts;
    /** Had another list of patches since then, in this scope. */
    readonly changed?: { readonly since: Date; readonly scope: Scope | null };
  } | null;
  /** Hosts that never reported do not match. */
  readonly situations: {
    readonly kernelReleases: readonly string[] | null;
    readonly archs: readonly string[] | null;
    /** A build-id on the stack. */
    readonly running: string | null;
  } | null;
  readonly labels: readonly LabelTest[] | null;
  /** The scope: what is known of the present only is shown of hosts that are in it now. Left out: of all. */
  readonly scope?: Scope;
}

/** Tests of what agents report and no verdict reads. Null restricts nothing. */
export interface CurrentFacts {
  readonly agentVersions: readonly string[] | null;
  readonly agentVersionBelow: string | null;
  /** The transition has been open since this time or longer. */
  readonly stalledSince: Date | null;
}

/** The tests of a scope. Labels that hosts report never count. */
export const scopeTests = (scope: Scope | null): LabelTest[] =>
  Object.entries(scope ?? {}).map(([key, values]) => ({ key, is: { in: values }, authoritative: true }));

/** The condition that a host or a cohort is in the scope. */
export const inScope = (scope: Scope | null): Condition => ({
  ...(scope !== null && { scope }),
  hosts: null,
  situations: null,
  labels: scope === null ? null : scopeTests(scope),
});

const all = (tests: readonly (Sql | null)[]): Sql => {
  const parts = tests.filter((test) => test !== null);
  return parts.length === 0 ? sql`true` : join(parts, ' AND ');
};
const oneOf = (column: string, values: readonly string[] | null): Sql | null =>
  values === null ? null : sql`${raw(column)} = ANY(${[...values]}::text[])`;

/** The test of `host h`. The bucket comes first in its key. */
export const hostTest = (
  { hostnames, ids, current, changed }: NonNullable<Condition['hosts']>,
  asOf: AsOf | null = null,
): Sql =>
  all([
    oneOf('h.hostname', hostnames),
    ids === null
      ? null
      : sql`(h.bucket, h.id) IN (
          SELECT ('x' || right(k.id, 2))::bit(8)::int::smallint, k.id::uuid
            FROM unnest(${[...ids]}::text[]) AS k(id))`,
    current === undefined ? null : currentTest(current),
    changed === undefined || asOf === null ? null : changedTest(changed.since, changed.scope, asOf),
  ]);

/** The numbers of a version as an array, compared from the left. Null if it begins with none. */
const versionNumbers = (version: Sql): Sql =>
  sql`string_to_array(substring(${version} from '^[0-9]+(?:[.][0-9]+)*'), '.')::numeric[]`;

function currentTest({ agentVersions, agentVersionBelow, stalledSince }: CurrentFacts): Sql {
  const version = sql`t.detail ->> 'agentVersion'`;
  const since = sql`(t.detail -> 'transition' ->> 'since')`;
  const tests = all([
    agentVersions === null ? null : sql`${version} = ANY(${[...agentVersions]}::text[])`,
    agentVersionBelow === null
      ? null
      : sql`${versionNumbers(version)} < ${versionNumbers(sql`${agentVersionBelow}::text`)}`,
    stalledSince === null
      ? null
      : // the first test is the one of the index host_transition_idx
        sql`${since} IS NOT NULL AND ${since}::timestamptz <= ${stalledSince}::timestamptz`,
  ]);
  return sql`(h.bucket, h.id) IN (SELECT t.bucket, t.id FROM host t WHERE ${tests})`;
}

/** The builds of a stack in their order. A patch without a build-id counts by its name. */
export const buildsOf = (stackId: Sql): Sql => sql`
  (SELECT array_agg(coalesce(m.build_id, m.name) ORDER BY m.position)
     FROM stack_patch m
    WHERE m.stack_id = ${stackId})`;

/**
 * Whether an interval that ended since then had another list than the host has. The first test is a wider one
 * that needs no search for each host: with 100,000 hosts a page costs 1 ms and not 900 ms.
 */
const changedTest = (since: Date, scope: Scope | null, asOf: AsOf): Sql => sql`
  (h.bucket, h.id) IN (
    SELECT p.bucket, p.host_id
      FROM host_history p
     WHERE p.valid_until > ${since}::timestamptz)
  AND EXISTS (
    SELECT
      FROM host_history p
      JOIN situation was ON was.id = p.situation_id
      JOIN situation is_now ON is_now.id = h.situation_id
     WHERE p.bucket = h.bucket
       AND p.host_id = h.id
       AND p.valid_until > ${since}::timestamptz
       AND ${closedBefore(asOf)}
       AND ${inCohort(inScope(scope), 'p')}
       AND was.stack_id <> is_now.stack_id
       AND ${buildsOf(sql`was.stack_id`)} IS DISTINCT FROM ${buildsOf(sql`is_now.stack_id`)})`;

/** The test of `situation s`. */
export const situationTest = ({
  kernelReleases,
  archs,
  running,
}: NonNullable<Condition['situations']>): Sql =>
  all([
    oneOf('s.kernel_release', kernelReleases),
    oneOf('s.arch', archs),
    running === null
      ? null
      : sql`s.stack_id IN (SELECT stack_id FROM stack_patch WHERE build_id = ${running})`,
  ]);

/** The test of `label_set l`. */
export const labelsTest = (tests: NonNullable<Condition['labels']>): Sql => all(tests.map(labelTest));

/** The value of a label of `label_set l`. @param authoritative true: the host's own label does not count */
export function labelValue(key: string, authoritative: boolean): Sql {
  if (!authoritative) return sql`coalesce(l.labels ->> ${key}, l.labels ->> ${AGENT_PREFIX + key})`;
  return key.startsWith(AGENT_PREFIX) ? sql`NULL::text` : sql`l.labels ->> ${key}`;
}

function labelTest(test: LabelTest): Sql {
  // the test of a label that a host lacks is NULL
  if ('notAll' in test) return sql`((${labelsTest(test.notAll)}) IS NOT TRUE)`;
  const { key, is, authoritative } = test;
  const value = labelValue(key, authoritative);
  if ('in' in is) return sql`${value} = ANY(${[...is.in]}::text[])`;
  if ('notIn' in is) return sql`(${value} IS NULL OR NOT (${value} = ANY(${[...is.notIn]}::text[])))`;
  return is.exists ? sql`${value} IS NOT NULL` : sql`${value} IS NULL`;
}

/** The tests of situation and labels, on the columns `situation_id` and `label_set_id` of this table. */
export function inCohort({ situations, labels }: Condition, table: 'h' | 'p' | 'c' | 't'): Sql {
  const of = (column: string) => raw(`${table}.${column}`);
  return all([
    situations &&
      sql`${of('situation_id')} IN (SELECT s.id FROM situation s WHERE ${situationTest(situations)})`,
    labels && sql`${of('label_set_id')} IN (SELECT l.id FROM label_set l WHERE ${labelsTest(labels)})`,
  ]);
}

/** All tests, on rows of `hostsAt` at this time. */
export const matching = (condition: Condition, asOf: AsOf): Sql =>
  all([sql`NOT h.retired`, condition.hosts && hostTest(condition.hosts, asOf), inCohort(condition, 'h')]);
