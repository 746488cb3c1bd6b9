import { Injectable } from '@nestjs/common';
import { sha256 } from '@klpreg/wire';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../database/database.js';
import type { Role } from '../../database/generated/client.js';

/** The holder of a token. */
export interface Bearer {
  readonly name: string;
  /** `none`: the request needs no token. */
  readonly role: Role | 'none';
}

const CACHED_MS = 5000;

/** Tokens, stored as their SHA-256. They are random, so that a hash without salt is enough. */
@Injectable()
export class TokensStore {
  /** By the hash of the token: a guess is not kept, and cannot displace a token. */
  private readonly cache = new LRUCache<string, { readonly bearer: Bearer; readonly at: number }>({
    max: 10_000,
  });
  /** Lookups in progress, by the hash of the token. */
  private readonly asked = new Map<string, Promise<Bearer | null>>();

  constructor(private readonly db: Database) {}

  async any(): Promise<boolean> {
    return (await this.db.token.findFirst({ select: { id: true } })) !== null;
  }

  /**
   * Stores the first token; false if another process was first.
   *
   * @param keep called before the token is valid, while no other process can call it
   */
  async addFirst(
    token: string,
    name: string,
    now: Date,
    keep: () => Promise<void> = async () => {},
  ): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE token IN EXCLUSIVE MODE`;
      if ((await tx.token.count()) > 0) return false;
      await keep();
      await tx.token.create({
        data: { id: uuidv7(), hash: sha256(token), role: 'admin', name, createdAt: now },
      });
      return true;
    });
  }

  /** The holder of this token, if it was found in the last five seconds. A revoked token is valid that long. */
  cached(token: string, now: Date): Bearer | null {
    const known = this.cache.get(sha256(token));
    return known !== undefined && Math.abs(now.getTime() - known.at) < CACHED_MS ? known.bearer : null;
  }

  /** The holder of this token; null: unknown, expired or revoked. Concurrent requests share one lookup. */
  async find(token: string, now: Date): Promise<Bearer | null> {
    const hash = sha256(token);
    const asked = this.asked.get(hash) ?? this.look(hash, now).finally(() => this.asked.delete(hash));
    this.asked.set(hash, asked);
    return asked;
  }

  private async look(hash: string, now: Date): Promise<Bearer | null> {
    const row = await this.db.token.findUnique({ where: { hash } });
    const bearer =
      row === null || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)
        ? null
        : { name: row.name, role: row.role };
    if (bearer !== null) this.cache.set(hash, { bearer, at: now.getTime() });
    return bearer;
  }
}
