import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** A connection that asks for another protocol, and what it has sent already. */
export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Upgrades that are routed through Fastify, so that its hooks check the Host and Origin headers. */
export const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** Whether the request asks for another protocol. */
export const isUpgrade = ({ raw }: FastifyRequest): boolean => upgrades.has(raw);
