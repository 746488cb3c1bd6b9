import { Inject } from '@nestjs/common';
import { Context, Query, Resolver } from '@nestjs/graphql';
import { CONFIG, type Config } from '../config.js';
import type * as Sdl from '../query/generated/schema.js';
import { type RequestContext, scopeOf } from '../query/sender.js';
import { RULES_VERSION } from '../query/snapshot.js';
import { CohortsStore } from '../store/counts/cohorts.store.js';
import { FleetSizeStore } from '../store/counts/fleet-size.store.js';
import { Replica } from '../store/history/replica.js';
import { VERSION } from '../version.js';
import { LastMinute } from './last-minute.js';
import { Readiness } from './readiness.js';

/** Answers `registry`: what people need of the health probes and the metrics. */
@Resolver()
export class RegistryResolver {
  constructor(
    private readonly readiness: Readiness,
    private readonly cohorts: CohortsStore,
    private readonly sizes: FleetSizeStore,
    private readonly replica: Replica,
    private readonly lastMinute: LastMinute,
    @Inject(CONFIG) private readonly config: Pick<Config, 'intervalSeconds' | 'graphiql'>,
  ) {}

  @Query('registry')
  async registry(@Context() context: RequestContext): Promise<Sdl.Registry> {
    const problem = await this.readiness.problem();
    return {
      version: VERSION,
      rules: RULES_VERSION,
      intervalSeconds: this.config.intervalSeconds,
      graphiql: this.config.graphiql,
      problem,
      ...(problem === null ? await this.figures(scopeOf(context) === null) : UNKNOWN),
    };
  }

  private async figures(seesAll: boolean): Promise<Pick<Sdl.Registry, keyof typeof UNKNOWN>> {
    const [rollUpDelaySeconds, replicaLagSeconds, size] = await Promise.all([
      this.cohorts.rollUpDelaySeconds(),
      this.replica.lagSeconds(),
      seesAll ? this.sizes.recent() : null,
    ]);
    const load = size && { ...size, ...this.lastMinute.counts() };
    return { rollUpDelaySeconds, replicaLagSeconds, load };
  }
}

/** What is not asked of a database that cannot be used. */
const UNKNOWN = { rollUpDelaySeconds: null, replicaLagSeconds: null, load: null };
