import { Module } from '@nestjs/common';
import { StoreModule } from '../store/store.module.js';
import { AuditAnchor } from './audit-anchor.js';
import { Maintenance } from './maintenance.js';

/** Background work on the store. */
@Module({ imports: [StoreModule], providers: [AuditAnchor, Maintenance], exports: [Maintenance] })
export class MaintenanceModule {}
