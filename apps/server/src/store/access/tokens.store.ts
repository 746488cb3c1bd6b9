import { Injectable } from '@nestjs/common';
import { sha256 } from '@klpreg/wire';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../database/database.js';

/** Who bears a token. */
export interface Bearer {
  readonly name: string;
  readonly role: string;
}

const KEEP_MS = 5000;

/** Tokens, as their SHA-256: they are random, so that a plain hash is enough. */
@Injectable()
export class TokensStore {
  /** By the hash of the token: a guess is not kept, and cannot displace a token. */
  private readonly kept = new LRUCache<string, { readonly bearer: Bearer; readonly at: number }>({ max: 10_000 });
  private readonly asked = new Map<string, Promise<Bearer | null>>();

  constructor(private readonly db: Database) {}

  async any(): Promise<boolean> {
    return (await this.db.token.findFirst({ select: { id: true } })) !== null;
  }

  /** Stores the first token; false where another process was first. @param keep done before it counts, and by nobody else meanwhile */
  async addFirst(token: string, name: string, now: Date, keep: () => Promise<void> = async () => {}): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE token IN EXCLUSIVE MODE`;
      if ((await tx.token.count()) > 0) return false;
      await keep();
      await tx.token.create({ data: { id: uuidv7(), hash: sha256(token), role: 'admin', name, createdAt: now } });
      return true;
    });
  }

  /** Who bears this token, if that was found a moment ago? An answer is held for five seconds: so long a revoked token may still be heard. */
  cached(token: string, now: Date): Bearer | null {
    const kept = this.kept.get(sha256(token));
    return kept !== undefined && Math.abs(now.getTime() - kept.at) < KEEP_MS ? kept.bearer : null;
  }

  /** Who bears this token? null: it is not known, has expired or was revoked. Requests that ask at the same time share the answer. */
  async find(token: string, now: Date): Promise<Bearer | null> {
    const hash = sha256(token);
    const asked = this.asked.get(hash) ?? this.look(hash, now).finally(() => this.asked.delete(hash));
    this.asked.set(hash, asked);
    return asked;
  }

  private async look(hash: string, now: Date): Promise<Bearer | null> {
    const row = await this.db.token.findUnique({ where: { hash } });
    const bearer = row === null || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now) ? null : { name: row.name, role: row.role };
    if (bearer !== null) this.kept.set(hash, { bearer, at: now.getTime() });
    return bearer;
  }
}
