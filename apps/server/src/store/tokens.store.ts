import { Injectable } from '@nestjs/common';
import { sha256 } from '@klpreg/wire';
import { v7 as uuidv7 } from 'uuid';
import { Database } from './database.js';

/** Who bears a token. */
export interface Bearer {
  readonly name: string;
  readonly role: string;
}

/** Tokens, as their SHA-256: they are random, so that a plain hash is enough. */
@Injectable()
export class TokensStore {
  constructor(private readonly db: Database) {}

  async any(): Promise<boolean> {
    return (await this.db.token.findFirst({ select: { id: true } })) !== null;
  }

  /** Stores the first token; false where another process was first. */
  async addFirst(token: string, name: string, now: Date): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE token IN EXCLUSIVE MODE`;
      if ((await tx.token.count()) > 0) return false;
      await tx.token.create({ data: { id: uuidv7(), hash: sha256(token), role: 'admin', name, createdAt: now } });
      return true;
    });
  }

  /** Who bears this token? null: it is not known, has expired or was revoked. */
  async find(token: string, now: Date): Promise<Bearer | null> {
    const row = await this.db.token.findUnique({ where: { hash: sha256(token) } });
    if (row === null || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) return null;
    return { name: row.name, role: row.role };
  }
}
