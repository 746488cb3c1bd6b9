// Generates TypeScript types from the GraphQL schema. `npm run generate` runs it; the files are not
// committed. Each entry of OUTPUTS is one file, with the plugins of graphql-codegen that write it.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as operationTypes from '@graphql-codegen/typescript-operations';
import * as resolvers from '@graphql-codegen/typescript-resolvers';
import { Kind, parse } from 'graphql';
import * as operations from './apps/cli/operations-plugin.mjs';

/** Enums are unions of their names, nullable fields are never left out, and nothing can be changed. */
const TYPES = {
  enumsAsTypes: true,
  avoidOptionals: { field: true },
  immutableTypes: true,
  skipTypename: true,
  useTypeImports: true,
};

/** How a client sees the schema. */
const CLIENT = {
  skipTypename: true,
  omitOperationSuffix: true,
  inputMaybeValue: 'T | null | undefined',
  defaultScalarType: 'string',
  scalars: { ID: 'string', UInt32: 'number', UInt64: 'string' },
};

const root = import.meta.dirname;

/** Writes the names of an enum's values as a list. */
const valuesOf = (name) => ({
  plugin: (typed) =>
    `export const ${name}: readonly string[] = ${JSON.stringify(Object.keys(typed.getType(name).toConfig().values))};`,
});

/** The folders of the dashboard that ask questions of their own. */
const asking = readdirSync(path.join(root, 'apps/dashboard/src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `apps/dashboard/src/${name}`)
  .filter((folder) => existsSync(path.join(root, folder, 'operations.graphql')));

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
        Host: '../host-view.js#HostView',
        HostConnection: '../hosts.resolver.js#HostList',
        FleetVerdict: '../can-downgrade.resolver.js#FleetVerdictParent',
        CohortVerdict: '../can-downgrade.resolver.js#CohortParent',
        Release: '../releases.resolver.js#ReleaseView',
        Drift: '../drift.resolver.js#DriftParent',
        Plan: '../plan.resolver.js#PlanParent',
        PlanGroup: '../plan.resolver.js#PlanGroupParent',
        Decision: '../records/decision-view.js#DecisionParent',
      },
      resolverTypeWrapperSignature: 'T',
      onlyResolveTypeForInterfaces: true,
    },
  },
  {
    file: 'apps/cli/src/registry/generated/operations.ts',
    documents: ['apps/cli/src/registry/operations.graphql'],
    // Decisions depend on these. A newer registry may add values to the others, which klpreg shows as they
    // are.
    enums: ['VerdictKind', 'ReasonKind', 'GateDecision'],
    plugins: [{ operationTypes }, { operations }],
    config: CLIENT,
  },
  {
    file: 'apps/cli/src/registry/generated/audit-actions.ts',
    plugins: [{ auditActions: valuesOf('AuditAction') }],
    config: {},
  },
  ...asking.map((folder) => ({
    file: `${folder}/generated/operations.ts`,
    documents: [`${folder}/operations.graphql`],
    plugins: [{ operationTypes }, { operations }],
    // the page is served by the registry whose schema this is, so it knows every value of every enum
    config: { ...CLIENT, typedText: true },
  })),
  {
    // Narrower than the types of any client, which all accept it: no null, and enums are their values.
    file: 'libs/where/src/generated/host-filter.ts',
    documents: ['libs/where/host-filter.graphql'],
    plugins: [{ operationTypes }],
    config: { ...CLIENT, inputMaybeValue: 'T' },
  },
];

const read = (file) => parse(readFileSync(path.join(root, file), 'utf8'));
const schema = read('apps/server/schema.graphql');

/** The schema with only some of its enums. The others become scalars, whose values are not checked. */
const withEnums = (names) => ({
  ...schema,
  definitions: schema.definitions.map((definition) =>
    definition.kind === Kind.ENUM_TYPE_DEFINITION && !names.includes(definition.name.value)
      ? { kind: Kind.SCALAR_TYPE_DEFINITION, name: definition.name }
      : definition,
  ),
});

for (const { file, plugins, config, documents = [], enums } of OUTPUTS) {
  const text = await codegen({
    filename: file,
    schema: enums === undefined ? schema : withEnums(enums),
    documents: documents.map((location) => ({ location, document: read(location) })),
    config,
    plugins: plugins.map((plugin) => ({ [Object.keys(plugin)[0]]: {} })),
    pluginMap: Object.assign({}, ...plugins),
  });
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), `/* eslint-disable */\n${text}`);
}
