import path from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { BearerGuard } from './access/bearer.guard.js';
import { Bearers } from './access/bearers.js';
import { Clock, DatabaseClock } from './clock.js';
import { CONFIG, type Config } from './config.js';
import { HealthController } from './health.controller.js';
import { Workers } from './ingest/worker.js';
import { Admission } from './ingest/admission.js';
import { Endpoints } from './ingest/endpoints.js';
import { LateReports } from './ingest/late-reports.js';
import { AcceptBacklog } from './accept-backlog.js';
import { Listeners } from './listeners.js';
import { Heartbeats } from './ingest/heartbeats.js';
import { PatchesController } from './ingest/patches.controller.js';
import { Reports } from './ingest/reports.js';
import { Uploads } from './ingest/uploads.js';
import { BODY_LIMITS } from './limits.js';
import { MessageMetrics } from './metrics/messages.js';
import { FleetMetrics } from './metrics/fleet.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Metrics } from './metrics/metrics.js';
import { ProcessMetrics } from './metrics/process.js';
import { QuestionMetrics } from './metrics/questions.js';
import { ProblemFilter } from './problem.filter.js';
import { CanDowngradeResolver, CohortResolver } from './query/can-downgrade.resolver.js';
import { Fleet } from './query/fleet.js';
import { DOCUMENTS_KEPT, errorFormatter } from './query/graphql-http.js';
import { Hosts } from './query/hosts.js';
import { HostAdminResolver } from './query/host-admin.resolver.js';
import { HostCountResolver, HostsResolver } from './query/hosts.resolver.js';
import { CohortVerdicts } from './query/cohort-verdicts.js';
import { MutationsResolver } from './query/mutations.resolver.js';
import { NodeResolver } from './query/node.resolver.js';
import { OwnerKeysResolver } from './query/owner-keys.resolver.js';
import { PatchesResolver } from './query/patches.resolver.js';
import { scalars } from './query/scalars.js';
import { StatesResolver } from './query/states.resolver.js';
import { AuditStore } from './store/access/audit.store.js';
import { BootsStore } from './store/hosts/boots.store.js';
import { CatalogStore } from './store/catalog/catalog.store.js';
import { CohortsStore } from './store/counts/cohorts.store.js';
import { Database, DATABASE_OPTIONS, type DatabaseOptions } from './database/database.js';
import { ReadDatabase, readDatabase } from './database/read-database.js';
import { EpochsStore } from './store/history/epochs.store.js';
import { CachedCounts } from './store/counts/cached-counts.js';
import { FleetSizeStore } from './store/counts/fleet-size.store.js';
import { FleetStore } from './store/counts/fleet.store.js';
import { SqlCounts } from './store/counts/sql-counts.js';
import { HeartbeatsStore } from './store/hosts/heartbeats.store.js';
import { HistoryStore } from './store/history/history.store.js';
import { HostsStore } from './store/hosts/hosts.store.js';
import { LabelsStore } from './store/content/labels.store.js';
import { OwnerKeysStore } from './store/access/owner-keys.store.js';
import { PatchesStore } from './store/catalog/patches.store.js';
import { Replica } from './store/history/replica.js';
import { ReportsStore } from './store/hosts/reports.store.js';
import { SightingsStore } from './store/catalog/sightings.store.js';
import { SituationsStore } from './store/content/situations.store.js';
import { StatesStore } from './store/catalog/states.store.js';
import { TokensStore } from './store/access/tokens.store.js';
import { Maintenance } from './maintenance/maintenance.js';

const store = [
  Database,
  AuditStore,
  BootsStore,
  CatalogStore,
  CohortsStore,
  EpochsStore,
  CachedCounts,
  FleetSizeStore,
  FleetStore,
  HeartbeatsStore,
  HistoryStore,
  HostsStore,
  LabelsStore,
  OwnerKeysStore,
  PatchesStore,
  Replica,
  ReportsStore,
  SightingsStore,
  SituationsStore,
  SqlCounts,
  StatesStore,
  TokensStore,
];
const ingest = [AcceptBacklog, Admission, Endpoints, Heartbeats, LateReports, Listeners, Reports, Uploads, Workers];
const query = [
  Fleet,
  Hosts,
  CohortVerdicts,
  CanDowngradeResolver,
  CohortResolver,
  HostCountResolver,
  HostAdminResolver,
  HostsResolver,
  MutationsResolver,
  NodeResolver,
  OwnerKeysResolver,
  PatchesResolver,
  StatesResolver,
];

const metrics = [Metrics, MessageMetrics, FleetMetrics, ProcessMetrics, QuestionMetrics];

/** The contract, beside the code that keeps it. */
const SCHEMA = path.resolve(import.meta.dirname, '../schema.graphql');

const graphql = () =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    typePaths: [SCHEMA],
    resolvers: { ...scalars },
    path: '/graphql',
    graphiql: false,
    jit: 1,
    cache: DOCUMENTS_KEPT,
    additionalRouteOptions: { bodyLimit: BODY_LIMITS.question },
    errorFormatter,
  });

/** The only module: everything that the server is made of. */
@Module({})
export class AppModule {
  static of(config: Config, databaseUrl: string, clock?: Clock): DynamicModule {
    return {
      module: AppModule,
      imports: [graphql()],
      controllers: [HealthController, MetricsController, PatchesController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useFactory: (database: Database) => clock ?? new DatabaseClock(database.time), inject: [Database] },
        { provide: DATABASE_OPTIONS, useValue: { url: databaseUrl, readUrl: config.databaseReadUrl, connections: config.databaseConnections } },
        { provide: ReadDatabase, useFactory: (main: Database, options: DatabaseOptions) => readDatabase(main, options), inject: [Database, DATABASE_OPTIONS] },
        { provide: APP_GUARD, useClass: BearerGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        ...store,
        ...ingest,
        Bearers,
        Maintenance,
        ...query,
        ...metrics,
      ],
    };
  }
}
