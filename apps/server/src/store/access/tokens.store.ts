import { Injectable } from '@nestjs/common';
import { sha256 } from '@klpreg/wire';
import { v7 as uuidv7 } from 'uuid';
import { boundedCache } from '../../bounded-cache.js';
import { Database } from '../../database/database.js';
import { Prisma, type Role } from '../../database/generated/client.js';
import type { Transaction } from '../catalog/revisions.js';
import { Lookups } from './lookups.js';

export type { Role } from '../../database/generated/client.js';

/** Selects hosts by authoritative labels: each label has one of the values. */
export type Scope = Readonly<Record<string, readonly string[]>>;

/** Who sends a request, and what it is restricted to. */
export interface Bearer {
  readonly name: string;
  /** `none`: the request needs no token. */
  readonly role: Role | 'none';
  /** The hosts that it sees, changes or sends for; null: all. */
  readonly scope: Scope | null;
  /** The owners for which it may publish; null: all. */
  readonly owners: readonly string[] | null;
  /** Null: it does not expire. */
  readonly expiresAt: Date | null;
}

/** A token as people see it. */
export interface TokenRow extends Omit<Bearer, 'role'> {
  readonly id: string;
  readonly role: Role;
  readonly createdAt: Date;
  /** The name of the token that created it. Null: the server did. */
  readonly createdBy: string | null;
  /** Exact to a minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
}

/** A token that is to be created. */
export type NewToken = Pick<TokenRow, 'name' | 'role' | 'scope' | 'owners' | 'createdBy'> & {
  readonly expiresAt: Date;
};

/** A valid token that was looked up a moment ago. */
interface Known {
  readonly bearer: Bearer;
  readonly at: number;
}

const CACHED_MS = 5000;
/** From this age on a token is looked up again while it is still cached, so that no request waits for it. */
const REFRESH_MS = 2500;
/** How exact `last_used_at` is. */
const USED_MS = 60_000;

/** Tokens, stored as their SHA-256. They are random, so that a hash without salt is enough. */
@Injectable()
export class TokensStore {
  /** By the hash of the token: a guess is not kept, and cannot displace a token. */
  private readonly cache = boundedCache<Known>(10_000);
  /** By the hash of the token. */
  private readonly lookups = new Lookups(async (hashes) => {
    const rows = await this.db.token.findMany({ where: { hash: { in: [...hashes] } } });
    return new Map(rows.map((row) => [row.hash, row]));
  });

  constructor(private readonly db: Database) {}

  /** Whether there is a valid admin token for all hosts. */
  async hasAdmin(now: Date): Promise<boolean> {
    return (await this.db.token.findFirst({ where: validAdmin(now), select: { id: true } })) !== null;
  }

  /** Whether there was ever a token. */
  async any(): Promise<boolean> {
    return (await this.db.token.findFirst({ select: { id: true } })) !== null;
  }

  /**
   * Stores an admin token of the server; false if a valid one exists, as when another server was first.
   *
   * @param keep called before the token is valid, while no other process can call it
   */
  async addAdmin(
    token: string,
    name: string,
    now: Date,
    expiresAt: Date | null = null,
    keep: () => Promise<void> = async () => {},
  ): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE token IN EXCLUSIVE MODE`;
      if ((await tx.token.count({ where: validAdmin(now) })) > 0) return false;
      await keep();
      await tx.token.create({
        data: { id: uuidv7(), hash: sha256(token), role: 'admin', name, createdAt: now, expiresAt },
      });
      return true;
    });
  }

  /** All tokens, the oldest first. They are few: people create them. */
  async list(): Promise<TokenRow[]> {
    return (await this.db.token.findMany({ orderBy: { id: 'asc' } })).map(toRow);
  }

  /** Stores a new token; null if a valid one has the name, which the audit log would not tell apart. */
  async add(tx: Transaction, text: string, token: NewToken, now: Date): Promise<TokenRow | null> {
    await tx.$executeRaw`LOCK TABLE token IN EXCLUSIVE MODE`;
    if ((await tx.token.count({ where: { name: token.name, ...valid(now) } })) > 0) return null;
    const { scope, owners, ...rest } = token;
    const columns = { scope: scope ?? Prisma.DbNull, owners: owners === null ? Prisma.DbNull : [...owners] };
    const data = { id: uuidv7(), hash: sha256(text), createdAt: now, ...rest, ...columns };
    return toRow(await tx.token.create({ data }));
  }

  /**
   * Revokes a token. Other servers accept it for at most five more seconds.
   *
   * @returns `LAST_ADMIN`: it is the last valid admin token for all hosts, and stays valid
   */
  async revoke(
    tx: Transaction,
    id: string,
    by: string,
    now: Date,
  ): Promise<'REVOKED' | 'UNCHANGED' | 'LAST_ADMIN'> {
    await tx.$executeRaw`LOCK TABLE token IN EXCLUSIVE MODE`;
    const admins = await tx.token.findMany({ where: validAdmin(now), select: { id: true } });
    if (admins.length === 1 && admins[0]!.id === id) return 'LAST_ADMIN';
    const revoked = await tx.token.updateManyAndReturn({
      where: { id, revokedAt: null },
      data: { revokedAt: now, revokedBy: by },
    });
    for (const { hash } of revoked) this.cache.delete(hash);
    return revoked.length > 0 ? 'REVOKED' : 'UNCHANGED';
  }

  /**
   * The holder of the token with this hash, if it was found in the last five seconds. A revoked token is
   * valid that long.
   */
  cached(hash: string, now: Date): Bearer | null {
    const known = this.cache.get(hash);
    if (known === undefined) return null;
    const { expiresAt } = known.bearer;
    if (expiresAt !== null && expiresAt <= now) return null;
    const age = Math.abs(now.getTime() - known.at);
    if (age >= CACHED_MS) return null;
    if (age >= REFRESH_MS) void this.find(hash, now).catch(() => undefined);
    return known.bearer;
  }

  /** The holder of the token with this hash; null: unknown, expired or revoked. */
  async find(hash: string, now: Date): Promise<Bearer | null> {
    const row = await this.lookups.find(hash);
    if (row === null || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) {
      this.cache.delete(hash);
      return null;
    }
    const { name, role, scope, owners, expiresAt } = toRow(row);
    const bearer = { name, role, scope, owners, expiresAt };
    this.cache.set(hash, { bearer, at: now.getTime() });
    if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() >= USED_MS)
      this.noteUse(row.id, now);
    return bearer;
  }

  /**
   * Notes that a token is used. The request does not wait for it, and a failure is no failure of the request.
   */
  private noteUse(id: string, now: Date): void {
    const before = new Date(now.getTime() - USED_MS);
    const unnoted = { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: before } }] };
    this.db.token.updateMany({ where: unnoted, data: { lastUsedAt: now } }).catch(() => undefined);
  }
}

/** The condition of tokens that are neither revoked nor expired. */
const valid = (now: Date): Prisma.TokenWhereInput => ({
  revokedAt: null,
  OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
});

/** The condition of valid admin tokens for all hosts. */
const validAdmin = (now: Date): Prisma.TokenWhereInput => ({
  role: 'admin',
  scope: { equals: Prisma.DbNull },
  ...valid(now),
});

const toRow = ({ hash: _hash, scope, owners, ...row }: Prisma.TokenGetPayload<object>): TokenRow => ({
  ...row,
  scope: scope as Scope | null,
  owners: owners as string[] | null,
});
