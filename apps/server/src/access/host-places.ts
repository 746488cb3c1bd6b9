import { Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { boundedCache } from '../bounded-cache.js';
import { Clock } from '../clock.js';
import { networkOf } from './address-ranges.js';

/** A host that changes its network this fast, and back, is at both. */
const RETURN_MS = 10 * 60_000;
/** This many returns are no failover. */
const RETURNS = 2;
const SHOWN_MS = 60 * 60_000;
/** Hosts whose address is remembered, about 170 bytes each: 34 MiB at most. */
const KEPT_HOSTS = 200_000;
/** Hosts that changed their network. They are few; one that is forgotten is found after two more returns. */
const KEPT_MOVES = 10_000;

interface Move {
  readonly from: string;
  readonly at: number;
  readonly returns: number;
}

/**
 * Finds credentials of hosts that are used from two networks by turns, as by the host and by a thief of its
 * key.
 *
 * It is shown only, and no reason to distrust the host: a host with two uplinks does the same. What a copy of
 * a host reports makes it suspect, by its boot ids, sequences and machine hash.
 */
@Injectable()
export class HostPlaces {
  private readonly logger = new Logger('access');
  private readonly addresses = boundedCache<string>(KEPT_HOSTS);
  private readonly moves = boundedCache<Move>(KEPT_MOVES);
  /** The hosts that are shown, with the end of that. */
  private readonly shown = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** The number of hosts whose credentials were used from two networks by turns within the last hour. */
  get hosts(): number {
    const now = this.clock.now().getTime();
    for (const [host, end] of this.shown) if (end <= now) this.shown.delete(host);
    return this.shown.size;
  }

  /** Notes from where a host sent a request. Behind trusted proxies that is the address that they name. */
  note({ ip }: Pick<FastifyRequest, 'ip'>, host: string): void {
    const before = this.addresses.get(host);
    if (before === ip) return;
    this.addresses.set(host, ip);
    if (before === undefined) return;
    const [from, to] = [networkOf(before), networkOf(ip)];
    if (from !== to) this.move(host, from, to);
  }

  private move(host: string, from: string, to: string): void {
    const now = this.clock.now().getTime();
    const last = this.moves.get(host);
    const isReturn = last?.from === to && now - last.at < RETURN_MS;
    const returns = isReturn ? last.returns + 1 : 0;
    this.moves.set(host, { from, at: now, returns });
    if (returns < RETURNS) return;
    if ((this.shown.get(host) ?? 0) <= now)
      this.logger.warn(
        `the credential of host ${host} is used from ${from} ` +
          `and ${to} by turns: it has two uplinks, ` +
          'or its key was copied (klpreg enrolment revoke)',
      );
    this.shown.set(host, now + SHOWN_MS);
  }
}
