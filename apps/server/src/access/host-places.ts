import { Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Clock } from '../clock.js';
import { networkOf } from './address-ranges.js';

/** A host that changes its network this fast, and back, is at both. */
const RETURN_MS = 10 * 60_000;
/** This many returns are no failover. */
const RETURNS = 2;
const SHOWN_MS = 60 * 60_000;
/** Hosts that are remembered, about 200 bytes each. */
const KEPT_HOSTS = 200_000;

interface Place {
  address: string;
  network: string;
  /** The network before this one. */
  previous: string | null;
  changedAt: number;
  returns: number;
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
  private readonly places = new LRUCache<string, Place>({ max: KEPT_HOSTS });
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
    const place = this.places.get(host);
    if (place?.address === ip) return;
    const network = networkOf(ip);
    if (place === undefined) {
      this.places.set(host, { address: ip, network, previous: null, changedAt: 0, returns: 0 });
      return;
    }
    place.address = ip;
    if (place.network !== network) this.move(host, place, network);
  }

  private move(host: string, place: Place, network: string): void {
    const now = this.clock.now().getTime();
    const isReturn = place.previous === network && now - place.changedAt < RETURN_MS;
    place.returns = isReturn ? place.returns + 1 : 0;
    [place.previous, place.network, place.changedAt] = [place.network, network, now];
    if (place.returns < RETURNS) return;
    if ((this.shown.get(host) ?? 0) <= now)
      this.logger.warn(
        `the credential of host ${host} is used from ${place.previous} ` +
          `and ${network} by turns: it has two uplinks, ` +
          'or its key was copied (klpreg enrolment revoke)',
      );
    this.shown.set(host, now + SHOWN_MS);
  }
}
