import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import 'mercurius';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from './metrics.js';

/** A question in progress. */
interface Asked {
  readonly start: number;
  roots: readonly string[];
}

/** Duration and errors of questions. */
@Injectable()
export class QuestionMetrics {
  private readonly duration: Histogram<'field'>;
  private readonly errors: Counter<'code'>;
  private readonly asked = new WeakMap<object, Asked>();

  constructor(metrics: Metrics) {
    this.duration = new Histogram({
      name: 'klpreg_question_duration_seconds',
      help: 'Duration of questions and mutations, by root field. One with several root fields counts for each of them.',
      labelNames: ['field'],
      registers: [metrics],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    this.errors = new Counter({
      name: 'klpreg_question_errors_total',
      help: 'Errors in answers to valid questions, by code.',
      labelNames: ['code'],
      registers: [metrics],
    });
    for (const code of ['BAD_USER_INPUT', 'UNAVAILABLE', 'INTERNAL']) this.errors.inc({ code }, 0);
  }

  /** Counts valid questions only, so that the labels are root fields of the schema. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onReady', async () => {
      const { graphql } = fastify;
      graphql.addHook(
        'preParsing',
        async (_schema, _source, context) =>
          void this.asked.set(context, { start: performance.now(), roots: [] }),
      );
      graphql.addHook('preExecution', async (_schema, document, context) => {
        const asked = this.asked.get(context);
        if (asked !== undefined) asked.roots = rootsOf(document);
      });
      graphql.addHook('onResolution', async ({ errors = [] }, context) => {
        const { start, roots } = this.asked.get(context) ?? { start: 0, roots: [] };
        for (const field of roots) this.duration.observe({ field }, (performance.now() - start) / 1000);
        for (const { extensions } of errors) {
          const code = extensions?.['code'];
          this.errors.inc({ code: typeof code === 'string' ? code : 'INTERNAL' });
        }
      });
    });
  }
}

/** The root fields of each cached document. */
const known = new WeakMap<DocumentNode, readonly string[]>();

/** Returns the root fields of a document, each once, by their names in the schema. */
function rootsOf(document: DocumentNode): readonly string[] {
  const cached = known.get(document);
  if (cached !== undefined) return cached;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const roots = new Set<string>();
  const visited = new Set<SelectionSetNode>();
  const visit = (set: SelectionSetNode): void => {
    // a fragment may be spread more than once, and its fields are the same each time
    if (visited.has(set)) return;
    visited.add(set);
    for (const selection of set.selections)
      if (selection.kind === Kind.FIELD) roots.add(selection.name.value);
      else
        visit(
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection.selectionSet
            : fragments.get(selection.name.value)!.selectionSet,
        );
  };
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION) visit(definition.selectionSet);
  known.set(document, [...roots]);
  return [...roots];
}
