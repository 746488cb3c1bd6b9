import path from 'node:path';
import { defineConfig } from 'prisma/config';

// Prisma's own engine is a binary that its command line downloads; ours is the same engine as WebAssembly,
// from the npm registry
if (!process.env['PRISMA_NATIVE_ENGINE'])
  process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= path.join(import.meta.dirname, 'engine/schema-engine.mjs');

export default defineConfig({
  schema: path.join(import.meta.dirname, 'schema.prisma'),
  migrations: { path: path.join(import.meta.dirname, 'migrations') },
  // with-postgres.mjs sets it; "generate" reads no database
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://127.0.0.1:1/none' },
});
