import type { Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AcceptBacklog } from '../accept-backlog.js';
import { CONFIG, type Config } from '../config.js';
import type { IngestLimits } from '../ingest-limits.js';
import { BodyMemory } from './body-memory.js';
import type { EndpointLoad } from './endpoint-load.js';

/**
 * Admission control of the agents' endpoints: rejects overload before a body is read.
 *
 * Most of a fleet that reconnects waits in the kernel's accept backlog, where a server sees only how long it
 * takes to drain. Requests on connections that had a request admitted are preferred, because a refusal would
 * waste what their connection has cost.
 */
@Injectable()
export class Admission {
  readonly bodies: BodyMemory;
  private readonly limits: IngestLimits;
  private readonly knownConnections = new WeakSet<Socket>();
  private tokenLookups = 0;

  constructor(
    private readonly backlog: AcceptBacklog,
    @Inject(CONFIG) config: Config,
  ) {
    this.limits = config.ingest;
    this.bodies = new BodyMemory(config.ingest.bodyMemoryMib * 2 ** 20);
  }

  /**
   * Whether there is capacity for this request. If so, the memory for its body is reserved.
   *
   * While too many tokens are looked up, requests that need no lookup are admitted: anyone can send wrong
   * tokens.
   *
   * @param needsLookup whether the request has to wait for the lookup of a token
   */
  admits(
    load: EndpointLoad,
    request: FastifyRequest,
    reply: FastifyReply,
    bodyLimit: number,
    needsLookup: () => boolean,
  ): boolean {
    if (this.tokenLookups >= this.limits.tokenLookups && needsLookup()) return false;
    const length = request.headers['content-length'];
    const bytes = length === undefined ? bodyLimit : Math.min(Number(length), bodyLimit);
    return this.hasCapacity(load, request.raw.socket) && this.bodies.reserve(reply.raw, bytes);
  }

  private hasCapacity(load: EndpointLoad, connection: Socket): boolean {
    if (this.knownConnections.has(connection)) return !load.isFull;
    if (load.shedsNewConnections(this.backlog.waitMs)) return false;
    this.knownConnections.add(connection);
    return true;
  }

  /** Calls a function that looks up a token, and counts the lookups that have to wait for the database. */
  authenticate(lookUp: () => unknown, done: (error?: Error) => void): void {
    try {
      const result = lookUp();
      if (result instanceof Promise) void this.wait(result, done);
      else done();
    } catch (error) {
      done(error as Error);
    }
  }

  private async wait(lookup: Promise<unknown>, done: (error?: Error) => void): Promise<void> {
    this.tokenLookups += 1;
    const error = await lookup.then(
      () => undefined,
      (reason: Error) => reason,
    );
    this.tokenLookups -= 1;
    done(error);
  }
}
