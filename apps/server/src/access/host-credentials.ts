import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { bugs } from '../bug-log.js';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { isUnavailable } from '../database/unavailable.js';
import { RequestError } from '../errors.js';
import { ServerKeysStore } from '../store/access/server-keys.store.js';
import {
  type HostCredential,
  readHostCredential,
  toSigningKey,
  writeHostCredential,
} from './host-credential.js';
import type { SigningKey } from './host-credential.js';

/** How often a server reads keys and revocations. All servers know a revocation within 5 s. */
const REFRESH_MS = 2_000;
const HOUR_MS = 3_600_000;

interface ActiveKey extends SigningKey {
  readonly activeFrom: Date;
}

/** A credential as it is given to a host. */
export interface IssuedCredential {
  readonly credential: string;
  readonly serial: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Makes and checks the credentials of hosts. A check is one HMAC and a look at what is revoked: no search.
 *
 * Keys and revocations are in the database, and each server reads them every two seconds. If it cannot, it
 * goes on with what it last read, and `ageSeconds` shows it: without a database no message is stored anyway.
 */
@Injectable()
export class HostCredentials implements OnApplicationBootstrap, OnModuleDestroy {
  /** The newest first. */
  private keys: readonly ActiveKey[] = [];
  private keysById: ReadonlyMap<number, SigningKey> = new Map();
  /** By host or enrolment token: the last serial that is revoked; null: all. */
  private revoked = new Map<string, number | null>();
  /** Of the last revocation that this server knows. */
  revision = 0n;
  private readAt = performance.now();
  private readonly listeners: ((subject: string | null) => void)[] = [];
  private timer: NodeJS.Timeout | null = null;
  private reading: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly store: ServerKeysStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Seconds since keys and revocations were read. */
  get ageSeconds(): number {
    return (performance.now() - this.readAt) / 1000;
  }

  /** How long a credential is valid. */
  get lifeMs(): number {
    return this.config.credentials.lifeHours * HOUR_MS;
  }

  /** The number of hosts and enrolment tokens with revoked credentials. */
  get revocations(): number {
    return this.revoked.size;
  }

  async onApplicationBootstrap(): Promise<void> {
    if ((await this.store.list()).length === 0) await this.store.addFirst(randomBytes(32), this.clock.now());
    await this.refresh();
    this.schedule();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.reading.catch(() => undefined);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      void this.refresh()
        .catch((error: unknown) => void (isUnavailable(error) || bugs.note(error)))
        .then(() => void (this.stopped || this.schedule()));
    }, REFRESH_MS);
    this.timer.unref();
  }

  /** Reads the keys, and what was revoked since the last time. Readings wait for each other. */
  async refresh(): Promise<void> {
    this.reading = this.reading.catch(() => undefined).then(() => this.read());
    return this.reading;
  }

  private async read(): Promise<void> {
    const start = performance.now();
    const [rows, read] = await Promise.all([this.store.list(), this.store.revokedSince(this.revision)]);
    const isRestored = read.last < this.revision;
    const { last, revocations } = isRestored ? await this.store.revokedSince(0n) : read;
    if (isRestored) this.revoked = new Map();
    for (const { subject, serial } of revocations) this.revoked.set(subject, serial);
    this.revision = last;
    // without a serial, the subject is an enrolment token: its hosts are not known here
    const isAny = isRestored || revocations.some(({ serial }) => serial === null);
    const changed = isAny ? [null] : revocations.map(({ subject }) => subject);
    for (const listener of this.listeners) changed.forEach(listener);
    this.keys = rows.map(({ id, secret, activeFrom }) => ({ ...toSigningKey(id, secret), activeFrom }));
    this.keysById = new Map(this.keys.map((key) => [key.id, key]));
    this.readAt = start;
  }

  /**
   * Calls a function with each host whose credentials are revoked or reset; null: those of any host may be.
   */
  onRevoked(listener: (subject: string | null) => void): void {
    this.listeners.push((subject) => listener(subject));
  }

  /** Makes a credential for a host. */
  issue(instance: string, tokenId: string, serial: number): IssuedCredential {
    const now = this.clock.now();
    const issuedAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const expiresAt = new Date(issuedAt.getTime() + this.lifeMs);
    const key = this.keys.find(({ activeFrom }) => activeFrom <= now) ?? this.keys.at(-1);
    if (key === undefined) throw new Error('no key of the registry was read');
    const content = { instance, tokenId, serial, issuedAt, expiresAt };
    return { credential: writeHostCredential(content, key), serial, issuedAt, expiresAt };
  }

  /**
   * Returns what a valid credential says.
   *
   * @throws RequestError UNAUTHENTICATED
   */
  check(text: string): HostCredential {
    const credential = readHostCredential(text, this.keysById);
    if (credential === null) throw refused('is not one of this registry');
    if (credential.expiresAt <= this.clock.now())
      throw refused(`expired at ${credential.expiresAt.toISOString()}`);
    if (this.isRevoked(credential)) throw refused('was revoked');
    return credential;
  }

  private isRevoked({ instance, tokenId, serial }: HostCredential): boolean {
    if (this.revoked.has(tokenId)) return true;
    const last = this.revoked.get(instance);
    return last !== undefined && (last === null || serial <= last);
  }
}

const refused = (why: string): RequestError =>
  new RequestError(
    'UNAUTHENTICATED',
    `this host credential ${why}; the agent renews it with the key of the host`,
  );
