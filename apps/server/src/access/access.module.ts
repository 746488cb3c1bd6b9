import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { StoreModule } from '../store/store.module.js';
import { BearerGuard } from './bearer.guard.js';
import { Bearers } from './bearers.js';

/** Authentication by bearer tokens, and the guard that checks roles. */
@Module({
  imports: [StoreModule],
  providers: [Bearers, { provide: APP_GUARD, useClass: BearerGuard }],
  exports: [Bearers],
})
export class AccessModule {}
