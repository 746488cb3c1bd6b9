import { Module } from '@nestjs/common';
import { AcceptBacklog } from '../accept-backlog.js';
import { Listeners } from '../listeners.js';
import { StoreModule } from '../store/store.module.js';
import { Admission } from './admission.js';
import { Endpoints, HeartbeatsEndpoint, ReportsEndpoint } from './endpoints.js';
import { Heartbeats } from './heartbeats.js';
import { ChangeBudget } from './change-budget.js';
import { LateReports } from './late-reports.js';
import { PatchesController } from './publishing/patches.controller.js';
import { Reports } from './reports.js';
import { Publication } from './publishing/publication.js';
import { Uploads } from './publishing/uploads.js';
import { Workers } from './worker.js';

/**
 * Agents' messages and the publishing of patches. The agents' routes are a Fastify plugin, `agent-routes.ts`.
 */
@Module({
  imports: [StoreModule],
  controllers: [PatchesController],
  providers: [
    AcceptBacklog,
    Admission,
    Endpoints,
    HeartbeatsEndpoint,
    ReportsEndpoint,
    Heartbeats,
    ChangeBudget,
    LateReports,
    Listeners,
    Reports,
    Publication,
    Uploads,
    Workers,
  ],
  exports: [Admission, Endpoints, Listeners, Uploads],
})
export class IngestModule {}
