import { Args, Query, ResolveField, Resolver, Root } from '@nestjs/graphql';
import type { SignedHead, StoredEntry } from '../store/access/audit-chain.js';
import { type AuditCheck, AuditStore } from '../store/access/audit.store.js';
import { connect, type Connection, toPage } from './connection.js';
import type { QueryAuditCheckArgs, QueryAuditLogArgs } from './generated/schema.js';

/** The largest `bigint` of PostgreSQL, which numbers the entries. */
const LAST_NUMBER = 2n ** 63n - 1n;
const atMost = (most: bigint, number: bigint): bigint => (number > most ? most : number);

/** Answers `auditLog`, `auditHead` and `auditCheck`. */
@Resolver('AuditEntry')
export class AuditLogResolver {
  constructor(private readonly audit: AuditStore) {}

  @Query('auditLog')
  async auditLog(@Args() args: QueryAuditLogArgs): Promise<Connection<StoredEntry>> {
    const page = toPage(args, ['number']);
    const after = page.key === null ? null : atMost(LAST_NUMBER, BigInt(page.key[0]!));
    const [found, total] = await Promise.all([
      this.audit.list(args, { size: page.size + 1, after, backwards: page.backwards }),
      this.audit.count(args),
    ]);
    return connect(found, page, total, ({ number }) => [String(number)]);
  }

  @Query('auditHead')
  async auditHead(): Promise<SignedHead | null> {
    return this.audit.head();
  }

  @Query('auditCheck')
  async auditCheck(@Args() { from, head }: QueryAuditCheckArgs): Promise<AuditCheck> {
    const start = from === 0n ? 1n : atMost(LAST_NUMBER, from ?? 1n);
    return this.audit.check(
      start,
      head == null ? null : { ...head, number: atMost(LAST_NUMBER, head.number) },
    );
  }

  @ResolveField('detail')
  detail(@Root() { detail }: StoredEntry): string {
    return JSON.stringify(detail);
  }
}
