import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { BODY_LIMITS } from '../limits.js';
import { ScopeMembersStore } from '../store/hosts/scope-members.store.js';
import { HeartbeatAnswer, ReportAnswer } from './answers.js';
import { Endpoint } from './endpoint.js';
import { Heartbeats } from './heartbeats.js';
import { Reports } from './reports.js';
import { Workers } from './worker.js';

/** The endpoints of agents. */
@Injectable()
export class Endpoints {
  readonly reports: Endpoint<'reports', ReportAnswer>;
  readonly heartbeats: Endpoint<'heartbeats', HeartbeatAnswer>;

  constructor(
    reports: Reports,
    heartbeats: Heartbeats,
    members: ScopeMembersStore,
    workers: Workers,
    clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.reports = new Endpoint(
      {
        kind: 'reports',
        bodyLimit: BODY_LIMITS.report,
        outcomes: [...ReportAnswer.shape.outcome.options, 'SEQUENCE_CONFLICT'],
        keyOf: ({ host }) => host.instance,
        membersOf: (ids, scope) => members.of(ids, scope),
        store: (batch) => reports.store(batch),
        parallelFrom: config.ingest.parallelFromReports,
        answersPerTurn: config.ingest.reportAnswersPerTurn,
      },
      workers.messages,
      clock,
      config.ingest,
    );
    this.heartbeats = new Endpoint(
      {
        kind: 'heartbeats',
        bodyLimit: BODY_LIMITS.heartbeat,
        outcomes: HeartbeatAnswer.shape.outcome.options,
        keyOf: ({ instance }) => instance,
        membersOf: (ids, scope) => members.of(ids, scope),
        store: (batch) => heartbeats.store(batch),
        parallelFrom: config.ingest.parallelFromHeartbeats,
        answersPerTurn: config.ingest.heartbeatAnswersPerTurn,
      },
      workers.messages,
      clock,
      config.ingest,
    );
  }
}
