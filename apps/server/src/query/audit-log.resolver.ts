import { Args, Query, ResolveField, Resolver, Root } from '@nestjs/graphql';
import { AUDIT_ACTIONS, type AuditAction as StoredAction } from '../store/access/audit-actions.js';
import type { SignedHead, StoredEntry } from '../store/access/audit-chain.js';
import { type AuditCheck, AuditStore } from '../store/access/audit.store.js';
import { connect, type Connection, toPage } from './connection.js';
import type { AuditAction, QueryAuditCheckArgs, QueryAuditLogArgs } from './generated/schema.js';

/** The largest `bigint` of PostgreSQL, which numbers the entries. */
const LAST_NUMBER = 2n ** 63n - 1n;
const atMost = (most: bigint, number: bigint): bigint => (number > most ? most : number);

const enumOf = (action: string): string => action.toUpperCase().replaceAll(/[-.]/g, '_');
const isKnown = (action: string): boolean => AUDIT_ACTIONS.some((each) => each === action);
const storedAction = (action: AuditAction): StoredAction | 'OTHER' =>
  AUDIT_ACTIONS.find((each) => enumOf(each) === action) ?? 'OTHER';

/** Answers `auditLog`, `auditHead` and `auditCheck`. */
@Resolver('AuditEntry')
export class AuditLogResolver {
  constructor(private readonly audit: AuditStore) {}

  @Query('auditLog')
  async auditLog(@Args() { where, ...args }: QueryAuditLogArgs): Promise<Connection<StoredEntry>> {
    const condition = { ...where, action: where?.action == null ? null : storedAction(where.action) };
    const page = toPage(args, ['number']);
    const after = page.key === null ? null : atMost(LAST_NUMBER, BigInt(page.key[0]!));
    const [found, total] = await Promise.all([
      this.audit.list(condition, { size: page.size + 1, after, backwards: page.backwards }),
      this.audit.count(condition),
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

  @ResolveField('action')
  action(@Root() { action }: StoredEntry): AuditAction {
    return isKnown(action) ? (enumOf(action) as AuditAction) : 'OTHER';
  }

  @ResolveField('detail')
  detail(@Root() { detail }: StoredEntry): string {
    return JSON.stringify(detail);
  }
}
