import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import 'mercurius';
import { Counter, Histogram } from 'prom-client';
import { rootFieldsOf } from '../query/root-fields.js';
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
      help:
        'Duration of questions and mutations, by root field. One with several root fields counts for each ' +
        'of them.',
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
        if (asked !== undefined) asked.roots = rootFieldsOf(document).map(({ name }) => name);
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
