import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const SRC = path.resolve(import.meta.dirname, '../src');
const PER_HOST = [
  'host',
  'host_boot',
  'host_credential',
  'host_heartbeat',
  'host_history',
  'host_gap',
  'cohort_delta',
];
const MODELS = [
  'host',
  'hostBoot',
  'hostCredential',
  'hostHeartbeat',
  'hostHistory',
  'hostGap',
  'cohortDelta',
];

/** Partitions are created, filled and dropped by name: their rows stay in their table, and on their node. */
const OF_PARTITIONS = 'store/history/history.store.ts';

/**
 * Every template literal of a source, with the SQL of the same file that it contains; other parts are `$`.
 */
function statementsOf(source: string): string[] {
  const file = ts.createSourceFile('store.ts', source, ts.ScriptTarget.Latest, true);
  const found: ts.TemplateLiteral[] = [];
  const named = new Map<string, ts.Expression>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined)
      named.set(node.name.text, node.initializer);
    if (ts.isTemplateLiteral(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.map((literal) => textOf(literal, named, 0));
}

function textOf(node: ts.Node, named: ReadonlyMap<string, ts.Expression>, depth: number): string {
  if (ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return (
      node.head.text +
      node.templateSpans
        .map(({ expression, literal }) => `${textOf(expression, named, depth + 1)}${literal.text}`)
        .join('')
    );
  if (ts.isTaggedTemplateExpression(node)) return textOf(node.template, named, depth);
  if (ts.isConditionalExpression(node))
    return `${textOf(node.whenTrue, named, depth)} ${textOf(node.whenFalse, named, depth)}`;
  const name = ts.isIdentifier(node)
    ? node
    : ts.isCallExpression(node) && ts.isIdentifier(node.expression)
      ? node.expression
      : undefined;
  const value = name !== undefined && depth < 5 ? named.get(name.text) : undefined;
  const constant = value !== undefined && ts.isArrowFunction(value) ? value.body : value;
  const isSql =
    constant !== undefined && (ts.isCallExpression(constant) || constant.getText().startsWith('sql`'));
  return isSql ? textOf(constant, named, depth + 1) : ' $ ';
}

/** The parts of a statement that write, each from its verb to the next one. */
const writes = (sql: string): string[] =>
  sql
    .split(/(?=\bINSERT\s+INTO\b|(?<!\b(?:DO|FOR)\s)\bUPDATE\b|\bDELETE\s+FROM\b)/)
    .filter((part) => /^(?:INSERT|UPDATE|DELETE)\b/.test(part));
const TABLE = /^(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?"?([\w$ ]+?)"?(?=[\s(]|$)/;
const tableOf = (part: string): string => TABLE.exec(part)?.[1]?.trim() ?? '';
const toHosts = (sql: string): string[] => writes(sql).filter((part) => PER_HOST.includes(tableOf(part)));
const locks = (sql: string): boolean =>
  /\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b/.test(sql) &&
  /\b(?:FROM|JOIN)\s+(?:host\w*|cohort_delta)\b/.test(sql);

/** Rules that a cluster needs of statements on per-host tables, each with a statement that breaks it. */
const RULES: [rule: string, breaks: (sql: string, source: string) => boolean, wrong: string][] = [
  [
    'a write to a per-host table names the bucket',
    (sql) => toHosts(sql).some((part) => !/\bbucket\b/.test(part)),
    '`UPDATE host SET digest = ${d} WHERE id = ${id}`',
  ],
  [
    'each write of a statement names the bucket, not one for all',
    (sql) => toHosts(sql).some((part) => !/\bbucket\b/.test(part)),
    '`WITH x AS (DELETE FROM host_gap WHERE bucket = 1 RETURNING *) ' +
      'DELETE FROM host_heartbeat WHERE host_id = ${id}`',
  ],
  [
    'a write names its table',
    (sql, source) =>
      writes(sql).some((part) => !/^[a-z_]+$/.test(tableOf(part))) && !source.includes('ATTACH PARTITION'),
    '`DELETE FROM "${table}" WHERE bucket = ${bucket}`',
  ],
  [
    'no Prisma model writes to a per-host table',
    (_, source) =>
      new RegExp(`\\.(?:${MODELS.join('|')})\\.(?:create|update|upsert|delete)\\w*\\(`).test(source),
    'db.host.update({ where: { id }, data }); const x = ``',
  ],
  [
    'no write to a host uses the clock or random numbers of the database',
    (sql) =>
      toHosts(sql).some((part) =>
        /\b(?:now|random|gen_random_uuid|uuidv7|uuidv4|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(|\bcurrent_timestamp\b/i.test(
          part,
        ),
      ),
    '`UPDATE host SET since = now() WHERE bucket = ${b} AND id = ${id}`',
  ],
  [
    'nothing is merged',
    (sql) => /\bMERGE\s+INTO\b/.test(sql),
    '`MERGE INTO host h USING r ON h.bucket = r.bucket`',
  ],
  [
    'no row is addressed by its ctid',
    (sql) => /\bctid\b/.test(sql),
    '`DELETE FROM host WHERE bucket = 1 AND ctid = ${place}`',
  ],
  [
    'there are no triggers',
    (sql) => /\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\b/.test(sql),
    '`CREATE TRIGGER t AFTER INSERT ON host`',
  ],
  [
    'hosts are locked in their bucket',
    (sql) => locks(sql) && !/\bbucket\b/.test(sql),
    '`SELECT id FROM host WHERE hostname = ${name} FOR UPDATE`',
  ],
  [
    'a lock that is added conditionally is found',
    (sql) => locks(sql) && !/\bbucket\b/.test(sql),
    '`SELECT id FROM host WHERE hostname = ${name} ${lock ? sql`FOR UPDATE` : empty}`',
  ],
];

const breaking = (breaks: (typeof RULES)[number][1], source: string): string[] =>
  statementsOf(source).filter((sql) => breaks(sql, source));
const sources = ['store', 'database']
  .flatMap((room) =>
    readdirSync(path.join(SRC, room), { recursive: true, encoding: 'utf8' }).map((name) => `${room}/${name}`),
  )
  .filter((name) => name.endsWith('.ts') && !name.includes('/generated/'))
  .map((name) => ({ name, source: readFileSync(path.join(SRC, name), 'utf8') }));

describe.each(RULES)('%s', (_, breaks, wrong) => {
  test('in every statement of the store', () => {
    expect(
      sources.flatMap(({ name, source }) => breaking(breaks, source).map((sql) => `${name}: ${sql.trim()}`)),
    ).toEqual([]);
  });

  test('and a statement that breaks the rule is found', () => {
    expect(breaking(breaks, wrong)).not.toEqual([]);
  });
});

test('every per-host table is written by some statement', () => {
  const written = new Set(
    sources.flatMap(({ source }) => statementsOf(source).flatMap(toHosts).map(tableOf)),
  );
  expect([...written].toSorted()).toEqual(PER_HOST.toSorted());
});

test('only statements about partitions are built from text', () => {
  expect(sources.filter(({ source }) => source.includes('RawUnsafe(')).map(({ name }) => name)).toEqual([
    OF_PARTITIONS,
  ]);
});

test('an update whose condition is a constant passes', () => {
  const source =
    'const key = sql`bucket = ${b} AND id = ${id}`; ' +
    'tx.$executeRaw`UPDATE host SET digest = ${d} WHERE ${key}`';
  expect(RULES.flatMap(([, breaks]) => breaking(breaks, source))).toEqual([]);
});
