import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { StoreModule } from '../store/store.module.js';
import { Agents } from './agents.js';
import { BearerGuard } from './bearer.guard.js';
import { Bearers } from './bearers.js';
import { Enrolment } from './enrolment.js';
import { HostCredentials } from './host-credentials.js';

/** Authentication by bearer tokens, and the guard that checks roles. */
@Module({
  imports: [StoreModule],
  providers: [Agents, Bearers, Enrolment, HostCredentials, { provide: APP_GUARD, useClass: BearerGuard }],
  exports: [Agents, Bearers, Enrolment, HostCredentials],
})
export class AccessModule {}
