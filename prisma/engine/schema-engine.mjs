#!/usr/bin/env node
// Stands in for Prisma's native `schema-engine`: the same command line, the same JSON-RPC on standard input
// and output. prisma.config.ts names it in PRISMA_SCHEMA_ENGINE_BINARY.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { canConnect, createDatabase, dropDatabase, nameOf } from './databases.mjs';
import { glue, openEngine } from './wasm-engine.mjs';

/** What `prisma` puts on the command line. */
function parseArguments(argv) {
  const parsed = { schemas: [], datasource: {}, command: undefined };
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--datamodels') parsed.schemas.push(argv[++i]);
    else if (argv[i] === '--datasource') parsed.datasource = JSON.parse(argv[++i]);
    else if (argv[i] === '--enabled-preview-features' || argv[i] === '--extension-types') i++;
    else if (argv[i] === '--version' || argv[i] === '-V') parsed.command = 'version';
    else if (argv[i] === 'cli') parsed.command = argv[++i];
  }
  return parsed;
}

const PRISMA_CODES = { '3D000': 'P1003', '28P01': 'P1000', 28000: 'P1010', '42P04': 'P1009' };

/** The engine's one-shot commands. */
async function runCommand(command, url) {
  const commands = {
    version: () => console.log(`schema-engine-cli ${glue.version()}`),
    'can-connect-to-database': () => canConnect(url),
    'create-database': () => createDatabase(url),
    'drop-database': () => dropDatabase(url),
  };
  try {
    if (!commands[command]) throw new Error(`unsupported subcommand: ${command}`);
    await commands[command]();
    return 0;
  } catch (error) {
    const error_code = PRISMA_CODES[error.code] ?? (error.syscall ? 'P1001' : 'P1011');
    const line = {
      level: 'ERROR',
      fields: { message: error.message, error_code, is_panic: false },
      target: 'schema_engine::logger',
    };
    // prisma skips the first line and parses every other one
    process.stderr.write(`\n${JSON.stringify(line)}`);
    return 1;
  }
}

/** The engine proper: a request a line in, an answer a line out, until the input ends. */
function serve({ schemas, datasource }) {
  let opened;
  const open = () =>
    (opened ??= openEngine({
      url: datasource.url ?? 'postgresql://127.0.0.1:1/none',
      shadowDatabaseUrl: datasource.shadowDatabaseUrl,
      datamodels: schemas.length ? schemas.map((file) => [file, readFileSync(file, 'utf8')]) : undefined,
    }));

  // The wasm engine replays migrations into a shadow database in devDiagnostic, diagnose and diff alone;
  // these two read what that left, and fail where nothing did (`migrate dev` right after it applied
  // something). So it is asked first.
  const afterReplay = (method) => async (params) => {
    const { engine } = await open();
    if (params.migrationsList.migrationDirectories.length)
      await engine.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters });
    return engine[method](params);
  };
  const methods = {
    getDatabaseVersion: async (params) => (await open()).engine.version(params),
    createDatabase: async (params) => {
      const url = params?.datasource?.url ?? datasource.url;
      await createDatabase(url);
      return { databaseName: nameOf(url) };
    },
    evaluateDataLoss: afterReplay('evaluateDataLoss'),
    createMigration: afterReplay('createMigration'),
  };

  const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const answer = async ({ id, method, params }) => {
    try {
      const result = await (methods[method]
        ? methods[method](params)
        : (await open()).engine[method](params));
      if (method === 'diff' && result?.stdout != null)
        send({ id: 1_000_000 + id, method: 'print', params: { content: result.stdout.replace(/\n$/, '') } });
      send({ id, result: result ?? null });
    } catch (error) {
      send({ id, error: describe(error) });
    }
  };

  const busy = new Set();
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  lines.on('line', (line) => {
    const request = line.trim() ? JSON.parse(line) : {};
    if (!request.method) return; // an answer to a print of ours
    const answering = answer(request).finally(() => busy.delete(answering));
    busy.add(answering);
  });
  const close = async () => {
    await Promise.all(busy);
    await (await opened?.catch(() => undefined))?.close();
    process.exit(0);
  };
  lines.on('close', () => void close());
}

function describe(error) {
  const data = { is_panic: false, message: error?.message ?? String(error), meta: error?.meta ?? {} };
  if (typeof error?.code === 'string' && /^P\d+/.test(error.code)) data.error_code = error.code;
  return { code: 4466, message: 'An error happened. Check the data field for details.', data };
}

const invocation = parseArguments(process.argv.slice(2));
if (invocation.command) process.exit(await runCommand(invocation.command, invocation.datasource.url));
serve(invocation);
