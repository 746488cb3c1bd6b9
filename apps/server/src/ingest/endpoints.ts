import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { BODY_LIMITS } from '../limits.js';
import { ScopeMembersStore } from '../store/hosts/scope-members.store.js';
import { HeartbeatAnswer, ReportAnswer } from './answers.js';
import { Endpoint, type EndpointOptions } from './endpoint.js';
import { Heartbeats } from './heartbeats.js';
import { Reports } from './reports.js';
import { Workers } from './worker.js';

/** The endpoint of reports. */
@Injectable()
export class ReportsEndpoint extends Endpoint<'reports', ReportAnswer> {
  constructor(
    reports: Reports,
    members: ScopeMembersStore,
    workers: Workers,
    clock: Clock,
    @Inject(CONFIG) { ingest }: Config,
  ) {
    const options = {
      kind: 'reports',
      bodyLimit: BODY_LIMITS.report,
      outcomes: [...ReportAnswer.shape.outcome.options, 'SEQUENCE_CONFLICT'],
      keyOf: ({ host }) => host.instance,
      membersOf: (ids, scope) => members.of(ids, scope),
      store: (batch) => reports.store(batch),
      parallelFrom: ingest.parallelFromReports,
      answersPerTurn: ingest.reportAnswersPerTurn,
    } satisfies EndpointOptions<'reports', ReportAnswer>;
    super(options, workers.messages, clock, ingest);
  }
}

/** The endpoint of heartbeats. */
@Injectable()
export class HeartbeatsEndpoint extends Endpoint<'heartbeats', HeartbeatAnswer> {
  constructor(
    heartbeats: Heartbeats,
    members: ScopeMembersStore,
    workers: Workers,
    clock: Clock,
    @Inject(CONFIG) { ingest }: Config,
  ) {
    const options = {
      kind: 'heartbeats',
      bodyLimit: BODY_LIMITS.heartbeat,
      outcomes: HeartbeatAnswer.shape.outcome.options,
      keyOf: ({ instance }) => instance,
      membersOf: (ids, scope) => members.of(ids, scope),
      store: (batch) => heartbeats.store(batch),
      parallelFrom: ingest.parallelFromHeartbeats,
      answersPerTurn: ingest.heartbeatAnswersPerTurn,
    } satisfies EndpointOptions<'heartbeats', HeartbeatAnswer>;
    super(options, workers.messages, clock, ingest);
  }
}

/** The endpoints of agents. */
@Injectable()
export class Endpoints {
  constructor(
    readonly reports: ReportsEndpoint,
    readonly heartbeats: HeartbeatsEndpoint,
  ) {}
}
