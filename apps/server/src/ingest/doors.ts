import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Bearers } from '../access/bearers.js';
import type { Role } from '../access/roles.js';
import { problemDetails } from '../errors.js';
import type { Knocking } from '../listeners.js';
import { BODY_LIMITS } from '../limits.js';
import { eachOf } from './batch.js';
import { BodyRoom } from './body-room.js';
import { busy } from './gather.js';
import { Heartbeats } from './heartbeats.js';
import { Line } from './line.js';
import type { Documents, Kind } from './read.js';
import { Reports } from './reports.js';
import { Tally } from './tally.js';

const AGENTS: readonly Role[] = ['host', 'admin'];

/** What is behind the endpoints of one kind. */
interface Receiver<K extends Kind> {
  readonly receive: (bytes: Uint8Array) => Promise<{ readonly outcome: string }>;
  readonly save: (document: Documents[K]) => Promise<{ readonly outcome: string }>;
  readonly reader: { batch(bytes: Uint8Array): Promise<(() => Documents[K])[]> };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Hears by which code a request was refused, also where it was before it came to the door itself. */
    readonly refused?: (code: string) => void;
  }
}

/** Requests whose token is looked up in the database at once; one that was looked up a moment ago is remembered. */
const MOST_ASKING = 200;

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

  /** The memory of large bodies. */
  readonly bodies = new BodyRoom();

  /** Who stands at each door, and whether there is room for one more. */
  readonly lines = { reports: new Line(), heartbeats: new Line() };

  /** Requests whose token is being looked up. */
  private asking = 0;
  private knocking: Pick<Knocking, 'waitMs'> = { waitMs: 0 };
  /** The connections that were let in once. */
  private readonly met = new WeakSet<Socket>();

  /** Opens them in a scope of their own. */
  async open(scope: FastifyInstance, knocking: Knocking): Promise<void> {
    this.knocking = knocking;
    // a document is JSON: text that is none gets 415
    scope.removeContentTypeParser('text/plain');
    // bytes: they are measured before they are parsed, and large ones are parsed elsewhere
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    this.doors(scope, 'reports', this.reports, BODY_LIMITS.report);
    this.doors(scope, 'heartbeats', this.heartbeats, BODY_LIMITS.heartbeat);
  }

  /** For one document, and for many. */
  private doors<K extends Kind>(scope: FastifyInstance, kind: K, receiver: Receiver<K>, bodyLimit: number): void {
    const [line, tally] = [this.lines[kind], this.tallies[kind]];
    this.door(scope, kind, `/v1/${kind}`, bodyLimit, async (body) => {
      line.enter(1);
      try {
        const answer = await receiver.receive(body);
        tally.count(answer.outcome);
        return answer;
      } finally {
        line.leave(1);
      }
    });
    this.door(scope, kind, `/v1/${kind}::batch`, BODY_LIMITS.batch, async (body) => {
      let documents = 1;
      line.enter(documents);
      try {
        const read = await receiver.reader.batch(body);
        const others = Math.max(0, read.length - 1);
        documents += others;
        line.enter(others);
        const batch = await eachOf(read, (document) => receiver.save(document()));
        for (const result of batch.results) tally.count('outcome' in result ? result.outcome : result.code);
        return batch;
      } finally {
        line.leave(documents);
      }
    });
  }

  private door(scope: FastifyInstance, kind: Kind, path: string, bodyLimit: number, receive: (body: Uint8Array) => Promise<unknown>): void {
    const [line, tally] = [this.lines[kind], this.tallies[kind]];
    const sendAway = refusal(path.replace('::', ':'));
    scope.post(
      path,
      {
        // a line of the log says which door it was; a logger for each request would cost more
        childLoggerFactory: (logger) => logger,
        config: { refused: (code) => tally.count(code) },
        bodyLimit,
        // all before the body is read; room first, as being sent away costs as little as it can
        onRequest: (request, reply, done) => {
          const length = request.headers['content-length'];
          const bytes = length === undefined ? bodyLimit : Math.min(Number(length), bodyLimit);
          if (this.hasRoom(line, request.raw.socket) && this.bodies.take(reply.raw, bytes)) return this.admit(request, done);
          tally.count('BUSY');
          sendAway(request, reply, line.comeBack());
        },
      },
      // a body of another type has been refused
      (request) => receive((request.body as Uint8Array | undefined) ?? new Uint8Array()),
    );
  }

  private async wait(admitted: Promise<unknown>, done: (error?: Error) => void): Promise<void> {
    this.asking += 1;
    const error = await admitted.then(
      () => undefined,
      (reason: Error) => reason,
    );
    this.asking -= 1;
    done(error);
  }

  private admit(request: FastifyRequest, done: (error?: Error) => void): void {
    try {
      const admitted = this.bearers.admit(request, AGENTS);
      if (!(admitted instanceof Promise)) return done();
      void this.wait(admitted, done);
    } catch (error) {
      done(error as Error);
    }
  }

  /** Those who were let in once go on, where there is room: to send them away would waste what their connection has cost. */
  private hasRoom(line: Line, connection: Socket): boolean {
    if (this.asking >= MOST_ASKING) return false;
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
