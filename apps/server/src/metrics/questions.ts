import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import 'mercurius';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from './metrics.js';

/** A question that is being answered. */
interface Asked {
  readonly begun: number;
  roots: readonly string[];
}

/** How long questions take, and what goes wrong with them. */
@Injectable()
export class QuestionMetrics {
  private readonly duration: Histogram<'field'>;
  private readonly errors: Counter<'code'>;
  private readonly asked = new WeakMap<object, Asked>();

  constructor(metrics: Metrics) {
    this.duration = new Histogram({
      name: 'klpreg_question_duration_seconds',
      help: 'How long questions and mutations took, by their root fields. One with several root fields counts as long for each of them.',
      labelNames: ['field'],
      registers: [metrics],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    this.errors = new Counter({
      name: 'klpreg_question_errors_total',
      help: 'Errors in answers to valid questions, by their code.',
      labelNames: ['code'],
      registers: [metrics],
    });
    for (const code of ['BAD_USER_INPUT', 'UNAVAILABLE', 'INTERNAL']) this.errors.inc({ code }, 0);
  }

  /** From now on every question counts that is valid: so a root field is one that the schema has, and there are no more labels than these. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onReady', async () => {
      const { graphql } = fastify;
      graphql.addHook('preParsing', async (_schema, _source, context) => void this.asked.set(context, { begun: performance.now(), roots: [] }));
      graphql.addHook('preExecution', async (_schema, document, context) => {
        const asked = this.asked.get(context);
        if (asked !== undefined) asked.roots = rootsOf(document);
      });
      graphql.addHook('onResolution', async ({ errors = [] }, context) => {
        const { begun, roots } = this.asked.get(context) ?? { begun: 0, roots: [] };
        for (const field of roots) this.duration.observe({ field }, (performance.now() - begun) / 1000);
        for (const { extensions } of errors) {
          const code = extensions?.['code'];
          this.errors.inc({ code: typeof code === 'string' ? code : 'INTERNAL' });
        }
      });
    });
  }
}

/** The fields of each valid document, which is held while it is likely to come again. */
const known = new WeakMap<DocumentNode, readonly string[]>();

/** Which root fields does it ask for? By their names in the schema, each once. */
function rootsOf(document: DocumentNode): readonly string[] {
  const held = known.get(document);
  if (held !== undefined) return held;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const roots = new Set<string>();
  const visited = new Set<SelectionSetNode>();
  const visit = (set: SelectionSetNode): void => {
    // a fragment may be spread more than once, and its fields are the same each time
    if (visited.has(set)) return;
    visited.add(set);
    for (const selection of set.selections)
      if (selection.kind === Kind.FIELD) roots.add(selection.name.value);
      else visit(selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value)!.selectionSet);
  };
  for (const definition of document.definitions) if (definition.kind === Kind.OPERATION_DEFINITION) visit(definition.selectionSet);
  known.set(document, [...roots]);
  return [...roots];
}
