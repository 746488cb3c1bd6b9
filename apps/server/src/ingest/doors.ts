import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Bearers } from '../access/bearers.js';
import type { Role } from '../access/roles.js';
import { eachOf } from './batch.js';
import { Heartbeats } from './heartbeats.js';
import { Reports } from './reports.js';

const AGENTS: readonly Role[] = ['host', 'admin'];

/**
 * Where agents knock: one document, or for relays and sites without a network as many at once, each with its own outcome.
 *
 * Straight on Fastify: a million hosts knock each minute, and what Nest puts around a controller costs as much as what is behind it.
 */
@Injectable()
export class Doors {
  constructor(
    private readonly bearers: Bearers,
    private readonly reports: Reports,
    private readonly heartbeats: Heartbeats,
  ) {}

  /** Opens them in a scope of their own. */
  async open(scope: FastifyInstance): Promise<void> {
    // a document is JSON: text that is none gets 415
    scope.removeContentTypeParser('text/plain');
    // A field that is called `__proto__` is one that no document has, and its document is refused for it: Fastify would refuse the whole batch, and not say where.
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, scope.getDefaultJsonParser('ignore', 'ignore'));
    const { reports, heartbeats } = this;
    this.door(scope, '/v1/reports', (body) => reports.receive(body));
    this.door(scope, '/v1/heartbeats', (body) => heartbeats.receive(body));
    this.door(scope, '/v1/reports::batch', (body) => eachOf(body, (one) => reports.receive(one)));
    this.door(scope, '/v1/heartbeats::batch', (body) => eachOf(body, (one) => heartbeats.receive(one)));
  }

  private door(scope: FastifyInstance, path: string, receive: (body: unknown) => Promise<unknown>): void {
    // a line of the log says which door it was; a logger for each request would cost more
    const answer = (request: FastifyRequest): Promise<unknown> => {
      const admitted = this.bearers.admit(request, AGENTS);
      return admitted instanceof Promise ? admitted.then(() => receive(request.body)) : receive(request.body);
    };
    scope.post(path, { childLoggerFactory: (logger) => logger }, answer);
  }
}
