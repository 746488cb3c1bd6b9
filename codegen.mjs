// Generates TypeScript types from the GraphQL schema. `npm run generate` runs it; the files are not committed.
// Each entry of OUTPUTS is one file, with the plugins of graphql-codegen that write it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as resolvers from '@graphql-codegen/typescript-resolvers';
import { parse } from 'graphql';

/** Enums are unions of their names, nullable fields are never left out, and nothing can be changed. */
const TYPES = { enumsAsTypes: true, avoidOptionals: { field: true }, immutableTypes: true, skipTypename: true, useTypeImports: true };

const OUTPUTS = [
  {
    file: 'apps/server/src/query/generated/schema.ts',
    plugins: [{ typescript }, { resolvers }],
    config: {
      ...TYPES,
      scalars: {
        ID: 'string',
        UInt64: { input: 'bigint', output: 'bigint | string' },
        UInt32: 'number',
        DateTime: 'Date',
        // in seconds
        Duration: 'number',
      },
      // what a resolver of a field gets as its parent, if that is more or less than the fields of the type
      mappers: {
        Host: '../views.js#HostView',
        HostConnection: '../hosts.resolver.js#HostList',
        FleetVerdict: '../can-downgrade.resolver.js#FleetVerdictParent',
        CohortVerdict: '../can-downgrade.resolver.js#CohortParent',
      },
      resolverTypeWrapperSignature: 'T',
      onlyResolveTypeForInterfaces: true,
    },
  },
];

const root = import.meta.dirname;
const schema = parse(readFileSync(path.join(root, 'apps/server/schema.graphql'), 'utf8'));

for (const { file, plugins, config, documents = [] } of OUTPUTS) {
  const text = await codegen({
    filename: file,
    schema,
    documents,
    config,
    plugins: plugins.map((plugin) => ({ [Object.keys(plugin)[0]]: {} })),
    pluginMap: Object.assign({}, ...plugins),
  });
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), `/* eslint-disable */\n${text}`);
}
