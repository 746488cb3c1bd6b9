import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { AccessModule } from '../access/access.module.js';
import { BODY_LIMITS } from '../limits.js';
import { StoreModule } from '../store/store.module.js';
import { AddHostResolver } from './add-host.resolver.js';
import { CanDeployResolver } from './can-deploy.resolver.js';
import { CanDowngradeResolver, CohortResolver } from './can-downgrade.resolver.js';
import { DriftResolver } from './drift.resolver.js';
import { EnrolmentTokensResolver } from './enrolment-tokens.resolver.js';
import { EnrolmentsResolver } from './enrolments.resolver.js';
import { Deployments } from './deployments.js';
import { Fleet } from './fleet.js';
import { FleetAgesResolver } from './fleet-ages.resolver.js';
import { FleetResolver } from './fleet.resolver.js';
import { DOCUMENTS_KEPT, errorFormatter } from './graphql-http.js';
import { HostChanges } from './host-changes.js';
import { Hosts } from './hosts.js';
import { HostCountResolver, HostsResolver } from './hosts.resolver.js';
import { CohortVerdicts } from './cohort-verdicts.js';
import { LabelHostResolver } from './label-host.resolver.js';
import { NodeResolver } from './node.resolver.js';
import { AuditLogResolver } from './audit-log.resolver.js';
import { OwnerKeysResolver } from './owner-keys.resolver.js';
import { Parts } from './parts.js';
import { OwnerPoliciesResolver } from './owner-policies.resolver.js';
import { PlanGroupResolver, PlanResolver } from './plan.resolver.js';
import { PatchesResolver } from './patches.resolver.js';
import { PolicyResolver } from './policy.resolver.js';
import { Afterwards } from './records/afterwards.js';
import { UndecidedHosts } from './records/undecided-hosts.js';
import { CertificatesResolver } from './records/certificates.resolver.js';
import { DecisionsResolver } from './records/decisions.resolver.js';
import { Gates } from './records/gates.js';
import { PastAnswers } from './records/past-answers.js';
import { WaiversResolver } from './records/waivers.resolver.js';
import { RecallPatchResolver } from './recall-patch.resolver.js';
import { ReleaseHostResolver } from './release-host.resolver.js';
import { RetireHostResolver } from './retire-host.resolver.js';
import { scalars } from './scalars.js';
import { SCHEMA, SchemaTextController } from './schema-text.controller.js';
import { SetBootBaselineResolver } from './set-boot-baseline.resolver.js';
import { HostHistoryResolver } from './host-history.resolver.js';
import { ReleasesResolver } from './releases.resolver.js';
import { SubscriptionsResolver } from './subscriptions/subscriptions.resolver.js';
import { Watches } from './subscriptions/watches.js';
import { StatesResolver } from './states.resolver.js';
import { VerdictHistoryResolver } from './verdict-history.resolver.js';
import { VerdictSums } from './verdict-sums.js';
import { ViewerResolver } from './viewer.resolver.js';
import { TokensResolver } from './tokens.resolver.js';
import { TransferPatchResolver } from './transfer-patch.resolver.js';

const graphql = GraphQLModule.forRoot<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  // by its text: with `typePaths`, Nest would parse it, merge it and print it at each start
  typeDefs: SCHEMA,
  resolvers: { ...scalars },
  path: '/graphql',
  graphiql: false,
  csrfPrevention: true,
  jit: 1,
  cache: DOCUMENTS_KEPT,
  additionalRouteOptions: { bodyLimit: BODY_LIMITS.question },
  errorFormatter,
});

/** Questions over GraphQL. */
@Module({
  imports: [AccessModule, graphql, StoreModule],
  controllers: [SchemaTextController],
  providers: [
    Afterwards,
    UndecidedHosts,
    Deployments,
    Fleet,
    Gates,
    HostChanges,
    Hosts,
    CohortVerdicts,
    PastAnswers,
    AddHostResolver,
    CanDeployResolver,
    CanDowngradeResolver,
    CohortResolver,
    CertificatesResolver,
    DecisionsResolver,
    DriftResolver,
    EnrolmentTokensResolver,
    EnrolmentsResolver,
    FleetAgesResolver,
    FleetResolver,
    HostCountResolver,
    HostsResolver,
    LabelHostResolver,
    NodeResolver,
    AuditLogResolver,
    OwnerKeysResolver,
    OwnerPoliciesResolver,
    Parts,
    PatchesResolver,
    PlanGroupResolver,
    PlanResolver,
    PolicyResolver,
    RecallPatchResolver,
    ReleaseHostResolver,
    RetireHostResolver,
    SetBootBaselineResolver,
    ReleasesResolver,
    HostHistoryResolver,
    StatesResolver,
    SubscriptionsResolver,
    Watches,
    TokensResolver,
    TransferPatchResolver,
    VerdictHistoryResolver,
    VerdictSums,
    ViewerResolver,
    WaiversResolver,
  ],
})
export class QueryModule {}
