import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { StoreModule } from '../store/store.module.js';
import { Maintenance } from './maintenance.js';

/** Background work on the store. */
@Module({ imports: [DatabaseModule, StoreModule], providers: [Maintenance], exports: [Maintenance] })
export class MaintenanceModule {}
