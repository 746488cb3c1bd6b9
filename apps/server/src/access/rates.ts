import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { RateLimited, RequestError } from '../errors.js';
import type { Limited } from '../rate-limits.js';
import type { Bearer } from '../store/access/tokens.store.js';
import { networkOf } from './address-ranges.js';
import { TokenBuckets } from './token-buckets.js';
import { tokenHashOf } from './token-hash.js';

/** What each limit is of, for its message. */
const SENDERS: Readonly<Record<Limited, string>> = {
  host: 'requests a minute of a host to this route',
  relay: 'requests a minute of a token to this route',
  token: 'requests a minute of a token',
  address: 'requests a minute of an address without a token',
  failures: 'refused tokens a minute of an address',
};

/**
 * Limits how often a sender may send: a host, a token, or an address without one.
 *
 * @fastify/rate-limit counts before a token is checked, by address or by a text that anybody can send, and
 * with its own clock. These rates are by what was checked, so that no sender uses up the rate of another.
 */
@Injectable()
export class Rates {
  private readonly buckets: Readonly<Record<Limited, TokenBuckets>>;

  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'rates'>,
  ) {
    const { host, relay, token, address, failures } = config.rates;
    this.buckets = {
      host: new TokenBuckets(host),
      relay: new TokenBuckets(relay),
      token: new TokenBuckets(token),
      address: new TokenBuckets(address),
      failures: new TokenBuckets(failures),
    };
  }

  /**
   * Counts a message of a host. Heartbeats and reports count apart, so that reports never use up the
   * heartbeats.
   */
  countHost(request: FastifyRequest, host: string): void {
    this.take('host', `${host} ${request.routeOptions.url}`);
  }

  /** Counts a request with a token that sends messages for hosts. */
  countRelay(request: FastifyRequest): void {
    this.take('relay', `${tokenHashOf(request)} ${request.routeOptions.url}`);
  }

  /** Counts any other request: by its token, or by its address if it needs none. */
  count(request: FastifyRequest, { role }: Pick<Bearer, 'role'>): void {
    if (role === 'none') this.take('address', networkOf(request.ip));
    else this.take('token', tokenHashOf(request));
  }

  /**
   * Returns the answer to a token that was refused, and counts it. Valid tokens are never refused for it:
   * their senders may share the address.
   */
  refused(request: FastifyRequest, error: Error): Error {
    if (!(error instanceof RequestError) || error.code !== 'UNAUTHENTICATED') return error;
    const seconds = this.buckets.failures.take(networkOf(request.ip), this.now());
    return seconds === 0 ? error : this.limited('failures', seconds);
  }

  private take(limit: Limited, sender: string): void {
    const seconds = this.buckets[limit].take(sender, this.now());
    if (seconds > 0) throw this.limited(limit, seconds);
  }

  private limited(limit: Limited, seconds: number): RateLimited {
    const text = `the limit is ${this.config.rates[limit]} ${SENDERS[limit]}; send it again in ${seconds} s`;
    return new RateLimited(text, seconds);
  }

  private now(): number {
    return this.clock.now().getTime();
  }
}
