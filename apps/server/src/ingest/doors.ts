import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Bearers } from '../access/bearers.js';
import type { Role } from '../access/roles.js';
import { eachOf } from './batch.js';
import { Heartbeats } from './heartbeats.js';
import { Reports } from './reports.js';
import { Tally } from './tally.js';

const AGENTS: readonly Role[] = ['host', 'admin'];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Hears by which code a request was refused, also where it was before it came to the door itself. */
    readonly refused?: (code: string) => void;
  }
}

/** By what a document is refused, most often. */
const REFUSALS = ['BAD_USER_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'BUSY', 'UNAVAILABLE', 'INTERNAL'];

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

  /** What became of documents, by the code of their refusal where they were refused. A body that was refused as a whole counts once. */
  readonly tallies = {
    reports: new Tally(['STORED', 'UNCHANGED', 'REPEATED', 'SUPERSEDED', 'SEQUENCE_CONFLICT', ...REFUSALS]),
    heartbeats: new Tally(['CONFIRMED', 'REPORT_WANTED', 'SUPERSEDED', ...REFUSALS]),
  };

  /** Opens them in a scope of their own. */
  async open(scope: FastifyInstance): Promise<void> {
    // a document is JSON: text that is none gets 415
    scope.removeContentTypeParser('text/plain');
    // A field that is called `__proto__` is one that no document has, and its document is refused for it: Fastify would refuse the whole batch, and not say where.
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, scope.getDefaultJsonParser('ignore', 'ignore'));
    const { reports, heartbeats, tallies } = this;
    this.doors(scope, '/v1/reports', tallies.reports, (body) => reports.receive(body));
    this.doors(scope, '/v1/heartbeats', tallies.heartbeats, (body) => heartbeats.receive(body));
  }

  /** For one document, and for many. */
  private doors(scope: FastifyInstance, path: string, tally: Tally, receive: (body: unknown) => Promise<{ readonly outcome: string }>): void {
    this.door(scope, path, tally, async (body) => {
      const answer = await receive(body);
      tally.count(answer.outcome);
      return answer;
    });
    this.door(scope, `${path}::batch`, tally, async (body) => {
      const batch = await eachOf(body, receive);
      for (const result of batch.results) tally.count('outcome' in result ? result.outcome : result.code);
      return batch;
    });
  }

  private door(scope: FastifyInstance, path: string, tally: Tally, receive: (body: unknown) => Promise<unknown>): void {
    const answer = (request: FastifyRequest): Promise<unknown> => {
      const admitted = this.bearers.admit(request, AGENTS);
      return admitted instanceof Promise ? admitted.then(() => receive(request.body)) : receive(request.body);
    };
    // a line of the log says which door it was; a logger for each request would cost more
    scope.post(path, { childLoggerFactory: (logger) => logger, config: { refused: (code) => tally.count(code) } }, answer);
  }
}
