import { Module } from '@nestjs/common';
import { StoreModule } from '../store/store.module.js';
import { Access } from './access.js';
import { Agents } from './agents.js';
import { Bearers } from './bearers.js';
import { EnrolledLabels } from './enrolled-labels.js';
import { EnrolmentAdmin } from './enrolment-admin.js';
import { Enrolment } from './enrolment.js';
import { HostCertificates } from './host-certificates.js';
import { HostCredentials } from './host-credentials.js';
import { Accounts } from './oidc/accounts.js';
import { LoginController } from './oidc/login.controller.js';
import { HostPlaces } from './host-places.js';
import { Rates } from './rates.js';

/** Authentication by tokens, accounts and host credentials, enrolment, and the access table. */
@Module({
  imports: [StoreModule],
  controllers: [LoginController],
  providers: [
    Access,
    Accounts,
    Agents,
    Bearers,
    EnrolledLabels,
    Enrolment,
    EnrolmentAdmin,
    HostCertificates,
    HostCredentials,
    HostPlaces,
    Rates,
  ],
  exports: [Access, Accounts, Agents, Enrolment, EnrolmentAdmin, HostCredentials, HostPlaces, Rates],
})
export class AccessModule {}
