import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { IngestModule } from '../ingest/ingest.module.js';
import { MaintenanceModule } from '../maintenance/maintenance.module.js';
import { StoreModule } from '../store/store.module.js';
import { CredentialMetrics } from './credentials.js';
import { FleetMetrics } from './fleet.js';
import { MessageMetrics } from './messages.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { ProcessMetrics } from './process.js';
import { QuestionMetrics } from './questions.js';
import { SubscriptionMetrics } from './subscriptions.js';

/** `GET /metrics`. It observes the other modules, which do not depend on it. */
@Module({
  imports: [AccessModule, DatabaseModule, IngestModule, MaintenanceModule, StoreModule],
  controllers: [MetricsController],
  providers: [
    Metrics,
    CredentialMetrics,
    FleetMetrics,
    MessageMetrics,
    ProcessMetrics,
    QuestionMetrics,
    SubscriptionMetrics,
  ],
  exports: [QuestionMetrics, SubscriptionMetrics],
})
export class MetricsModule {}
