import { AGENT_PREFIX } from '../content/labels.store.js';
import { join, raw, sql, type Sql } from '../../database/sql.js';
import type { Scope } from '../access/tokens.store.js';

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
  } | null;
  /** Hosts that never reported do not match. */
  readonly situations: {
    readonly kernelReleases: readonly string[] | null;
    readonly archs: readonly string[] | null;
    /** A build-id on the stack. */
    readonly running: string | null;
  } | null;
  readonly labels: readonly LabelTest[] | null;
}

/** The tests of a scope. Labels that hosts report never count. */
export const scopeTests = (scope: Scope | null): LabelTest[] =>
  Object.entries(scope ?? {}).map(([key, values]) => ({ key, is: { in: values }, authoritative: true }));

/** The condition that a host or a cohort is in the scope. */
export const inScope = (scope: Scope | null): Condition => ({
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
export const hostTest = ({ hostnames, ids }: NonNullable<Condition['hosts']>): Sql =>
  all([
    oneOf('h.hostname', hostnames),
    ids === null
      ? null
      : sql`(h.bucket, h.id) IN (
          SELECT ('x' || right(k.id, 2))::bit(8)::int::smallint, k.id::uuid
            FROM unnest(${[...ids]}::text[]) AS k(id))`,
  ]);

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

function labelTest(test: LabelTest): Sql {
  // the test of a label that a host lacks is NULL
  if ('notAll' in test) return sql`((${labelsTest(test.notAll)}) IS NOT TRUE)`;
  const { key, is, authoritative } = test;
  const isOwn = authoritative && key.startsWith(AGENT_PREFIX);
  const admins = isOwn ? sql`NULL::text` : sql`l.labels ->> ${key}`;
  const value = authoritative
    ? admins
    : sql`coalesce(l.labels ->> ${key}, l.labels ->> ${AGENT_PREFIX + key})`;
  if ('in' in is) return sql`${value} = ANY(${[...is.in]}::text[])`;
  if ('notIn' in is) return sql`(${value} IS NULL OR NOT (${value} = ANY(${[...is.notIn]}::text[])))`;
  return is.exists ? sql`${value} IS NOT NULL` : sql`${value} IS NULL`;
}

/** The tests of situation and labels, on the columns `situation_id` and `label_set_id` of this table. */
export function inCohort({ situations, labels }: Condition, table: 'h' | 'p' | 'c'): Sql {
  const of = (column: string) => raw(`${table}.${column}`);
  return all([
    situations &&
      sql`${of('situation_id')} IN (SELECT s.id FROM situation s WHERE ${situationTest(situations)})`,
    labels && sql`${of('label_set_id')} IN (SELECT l.id FROM label_set l WHERE ${labelsTest(labels)})`,
  ]);
}

/** All tests, on rows of `hostsAt`. */
export const matching = (condition: Condition): Sql =>
  all([sql`NOT h.retired`, condition.hosts && hostTest(condition.hosts), inCohort(condition, 'h')]);
