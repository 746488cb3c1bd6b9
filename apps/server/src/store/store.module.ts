import path from 'node:path';
import { Module } from '@nestjs/common';
import { Clock, DatabaseClock, FIXED_CLOCK } from '../clock.js';
import { Database } from '../database/database.js';
import { DatabaseModule } from '../database/database.module.js';
import { CONFIG, type Config } from '../config.js';
import { AuditKey } from './access/audit-chain.js';
import { readAuditKey } from './access/audit-key.js';
import { AuditStore } from './access/audit.store.js';
import { EnrolmentTokensStore } from './access/enrolment-tokens.store.js';
import { HostCredentialsStore } from './access/host-credentials.store.js';
import { OwnerKeysStore } from './access/owner-keys.store.js';
import { OwnerPoliciesStore } from './access/owner-policies.store.js';
import { ServerKeysStore } from './access/server-keys.store.js';
import { CertificateKeys } from './access/signing-key.js';
import { TokensStore } from './access/tokens.store.js';
import { CatalogStore } from './catalog/catalog.store.js';
import { PatchesStore } from './catalog/patches.store.js';
import { PoliciesStore } from './catalog/policies.store.js';
import { SightingsStore } from './catalog/sightings.store.js';
import { ReleasesStore } from './catalog/releases.store.js';
import { StatesStore } from './catalog/states.store.js';
import { LabelsStore } from './content/labels.store.js';
import { SituationsStore } from './content/situations.store.js';
import { CohortsStore } from './counts/cohorts.store.js';
import { CachedCounts } from './counts/cached-counts.js';
import { SqlCounts } from './counts/sql-counts.js';
import { FleetSizeStore } from './counts/fleet-size.store.js';
import { FleetStore } from './counts/fleet.store.js';
import { DriftStore } from './history/drift.store.js';
import { EpochsStore } from './history/epochs.store.js';
import { HostIntervalsStore } from './history/host-intervals.store.js';
import { HistoryStore } from './history/history.store.js';
import { Replica } from './history/replica.js';
import { BootsStore } from './hosts/boots.store.js';
import { HeartbeatsStore } from './hosts/heartbeats.store.js';
import { VerdictSumsStore } from './history/verdict-sums.store.js';
import { ChangedHostsStore } from './changes/changed-hosts.store.js';
import { Notifications } from './changes/notifications.js';
import { AgesStore } from './hosts/ages.store.js';
import { HostsStore } from './hosts/hosts.store.js';
import { ReportsStore } from './hosts/reports.store.js';
import { ScopeMembersStore } from './hosts/scope-members.store.js';
import { ListChangesStore } from './history/list-changes.store.js';
import { AfterwardsStore } from './records/afterwards.store.js';
import { DecisionsStore } from './records/decisions.store.js';
import { WaiversStore } from './records/waivers.store.js';

const stores = [
  AfterwardsStore,
  ListChangesStore,
  AuditStore,
  BootsStore,
  CatalogStore,
  ChangedHostsStore,
  CohortsStore,
  DecisionsStore,
  DriftStore,
  EnrolmentTokensStore,
  EpochsStore,
  CachedCounts,
  SqlCounts,
  FleetSizeStore,
  FleetStore,
  HeartbeatsStore,
  HistoryStore,
  HostCredentialsStore,
  AgesStore,
  HostsStore,
  LabelsStore,
  Notifications,
  OwnerKeysStore,
  OwnerPoliciesStore,
  PoliciesStore,
  PatchesStore,
  Replica,
  ReportsStore,
  ScopeMembersStore,
  ServerKeysStore,
  SightingsStore,
  SituationsStore,
  ReleasesStore,
  HostIntervalsStore,
  StatesStore,
  TokensStore,
  VerdictSumsStore,
  WaiversStore,
];

/** All servers use the clock of the database. */
const clock = {
  provide: Clock,
  useFactory: (database: Database, fixed: Clock | null) => fixed ?? new DatabaseClock(database.time),
  inject: [Database, FIXED_CLOCK],
};

const auditKey = {
  provide: AuditKey,
  useFactory: async ({ dataDir, auditKeyFile }: Config) =>
    readAuditKey(path.resolve(auditKeyFile ?? path.join(dataDir, 'audit-key'))),
  inject: [CONFIG],
};

const certificateKeys = {
  provide: CertificateKeys,
  useFactory: ({ certificates }: AuditKey) => certificates,
  inject: [AuditKey],
};

/** All tables: reads and writes of hosts, history, counts, the catalog, content and access. */
@Module({
  imports: [DatabaseModule],
  providers: [clock, auditKey, certificateKeys, ...stores],
  exports: [clock, certificateKeys, ...stores],
})
export class StoreModule {}
