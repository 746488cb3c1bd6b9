// The general PostgreSQL-to-GraphQL server, over a view that groups the hosts: what a user would put up
// instead.

import { createServer } from 'node:http';
import { createRequire, Module } from 'node:module';
import path from 'node:path';
import pg from 'pg';

// it wants one graphql 15 for all its parts, and npm gives each a copy
const require = createRequire(import.meta.url);
const theirs = createRequire(require.resolve('postgraphile'));
const resolve = Module._resolveFilename;
const root = path.dirname(theirs.resolve('graphql/package.json'));
Module._resolveFilename = (request, ...rest) =>
  resolve(
    /^graphql(\/|$)/.test(request) ? path.join(root, request.slice('graphql'.length)) : request,
    ...rest,
  );
const { postgraphile } = require('postgraphile');

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
const handle = postgraphile(pool, 'peer', {
  simpleCollections: 'only',
  disableQueryLog: true,
  graphiql: false,
  retryOnInitFail: false,
});
const server = createServer((request, response) => void handle(request, response));
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
