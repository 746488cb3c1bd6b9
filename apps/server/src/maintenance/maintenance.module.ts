import { Module } from '@nestjs/common';
import { StoreModule } from '../store/store.module.js';
import { Maintenance } from './maintenance.js';

/** Background work on the store. */
@Module({ imports: [StoreModule], providers: [Maintenance], exports: [Maintenance] })
export class MaintenanceModule {}
