import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Bearers } from '../access/bearers.js';
import type { Role } from '../access/roles.js';
import { problemDetails } from '../errors.js';
import type { Knocking } from '../listeners.js';
import { BATCH_LIMIT, eachOf } from './batch.js';
import { busy } from './gather.js';
import { Heartbeats } from './heartbeats.js';
import { Line } from './line.js';
import { Reports } from './reports.js';
import { Tally } from './tally.js';

const AGENTS: readonly Role[] = ['host', 'admin'];

/** The kinds of documents that agents send. */
type Kind = 'reports' | 'heartbeats';

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

  /** Who stands at each door, and whether there is room for one more. */
  readonly lines = { reports: new Line(), heartbeats: new Line() };

  private knocking: Pick<Knocking, 'waitMs'> = { waitMs: 0 };
  /** The connections that were let in once. */
  private readonly met = new WeakSet<Socket>();

  /** Opens them in a scope of their own. */
  async open(scope: FastifyInstance, knocking: Knocking): Promise<void> {
    this.knocking = knocking;
    // a document is JSON: text that is none gets 415
    scope.removeContentTypeParser('text/plain');
    // A field that is called `__proto__` is one that no document has, and its document is refused for it: Fastify would refuse the whole batch, and not say where.
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, scope.getDefaultJsonParser('ignore', 'ignore'));
    const { reports, heartbeats } = this;
    this.doors(scope, 'reports', (body) => reports.receive(body));
    this.doors(scope, 'heartbeats', (body) => heartbeats.receive(body));
  }

  /** For one document, and for many. */
  private doors(scope: FastifyInstance, kind: Kind, receive: (body: unknown) => Promise<{ readonly outcome: string }>): void {
    const tally = this.tallies[kind];
    this.door(scope, kind, `/v1/${kind}`, async (body) => {
      const answer = await receive(body);
      tally.count(answer.outcome);
      return answer;
    });
    this.door(scope, kind, `/v1/${kind}::batch`, async (body) => {
      const batch = await eachOf(body, receive);
      for (const result of batch.results) tally.count('outcome' in result ? result.outcome : result.code);
      return batch;
    });
  }

  private door(scope: FastifyInstance, kind: Kind, path: string, receive: (body: unknown) => Promise<unknown>): void {
    const [line, tally] = [this.lines[kind], this.tallies[kind]];
    const inLine = async (request: FastifyRequest): Promise<unknown> => {
      const { body } = request;
      let documents = 1;
      line.enter(documents);
      try {
        const admitted = this.bearers.admit(request, AGENTS);
        if (admitted instanceof Promise) await admitted;
        const others = Array.isArray(body) && body.length > 1 && body.length <= BATCH_LIMIT ? body.length - 1 : 0;
        documents += others;
        line.enter(others);
        return await receive(body);
      } finally {
        line.leave(documents);
      }
    };
    const sendAway = refusal(path.replace('::', ':'));
    scope.post(
      path,
      {
        // a line of the log says which door it was; a logger for each request would cost more
        childLoggerFactory: (logger) => logger,
        config: { refused: (code) => tally.count(code) },
        // before the body is read, and before anybody asks who it is: being sent away costs as little as it can
        onRequest: (request, reply, done) => {
          if (this.hasRoom(line, request.raw.socket)) return done();
          tally.count('BUSY');
          sendAway(request, reply, line.comeBack());
        },
      },
      (request) => inLine(request),
    );
  }

  /** Those who were let in once go on, where there is room: to send them away would waste what their connection has cost. */
  private hasRoom(line: Line, connection: Socket): boolean {
    if (this.met.has(connection)) return !line.full;
    if (line.closedToNewcomers(this.knocking.waitMs)) return false;
    this.met.add(connection);
    return true;
  }
}

/** A body that is longer may still be on its way when the answer is sent; to close the connection then could lose the answer. */
const SHORT = 2 ** 16;

/** Tells who finds no room when to come back. Until then most do not need the connection, and in a herd there are more of them than a server can hold. */
function refusal(instance: string): (request: FastifyRequest, reply: FastifyReply, seconds: number) => void {
  const body = JSON.stringify({ ...problemDetails(busy()), instance });
  return ({ headers }, reply, seconds) => {
    if (Number(headers['content-length']) < SHORT) void reply.header('connection', 'close');
    void reply
      .code(503)
      .headers({ 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': String(seconds) })
      .send(body);
  };
}
