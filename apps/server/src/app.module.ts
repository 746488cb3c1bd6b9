import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AccessModule } from './access/access.module.js';
import { type Clock, FIXED_CLOCK } from './clock.js';
import { CONFIG, type Config } from './config.js';
import { DATABASE_OPTIONS } from './database/database.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { IngestModule } from './ingest/ingest.module.js';
import { MaintenanceModule } from './maintenance/maintenance.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ProblemFilter } from './problem.filter.js';
import { QueryModule } from './query/query.module.js';

/** The configuration of this server, for every module. */
@Global()
@Module({})
class ConfigModule {
  static of(config: Config, url: string, clock: Clock | null): DynamicModule {
    const { databaseReadUrl: readUrl, databaseConnections: connections } = config;
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: FIXED_CLOCK, useValue: clock },
      { provide: DATABASE_OPTIONS, useValue: { url, readUrl, connections } },
    ];
    return { module: ConfigModule, providers, exports: providers };
  }
}

/** The server. Each folder is a module, and what its module exports is its public interface. */
@Module({
  imports: [
    AccessModule,
    DatabaseModule,
    HealthModule,
    IngestModule,
    MaintenanceModule,
    MetricsModule,
    QueryModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: ProblemFilter }],
})
export class AppModule {
  /** @param clock the time of a test; null: the clock of the database */
  static of(config: Config, databaseUrl: string, clock: Clock | null): DynamicModule {
    return { module: AppModule, imports: [ConfigModule.of(config, databaseUrl, clock)] };
  }
}
