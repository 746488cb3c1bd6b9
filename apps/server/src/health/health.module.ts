import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { IngestModule } from '../ingest/ingest.module.js';
import { StoreModule } from '../store/store.module.js';
import { HealthController } from './health.controller.js';
import { LastMinute } from './last-minute.js';
import { Readiness } from './readiness.js';
import { RegistryResolver } from './registry.resolver.js';

/** Whether the registry works: `/livez` and `/readyz` for programs, the field `registry` for people. */
@Module({
  imports: [DatabaseModule, IngestModule, StoreModule],
  controllers: [HealthController],
  providers: [LastMinute, Readiness, RegistryResolver],
})
export class HealthModule {}
