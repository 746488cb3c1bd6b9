import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { v7 as uuidv7 } from 'uuid';
import { bearerOf } from '../../access/access.js';
import { isWithin } from '../../access/scope.js';
import { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import { AuditStore } from '../../store/access/audit.store.js';
import type { Bearer, Scope } from '../../store/access/tokens.store.js';
import { isActive, type WaiverRow, WaiversStore } from '../../store/records/waivers.store.js';
import { requireLine, requireReason } from '../admin-input.js';
import { connectPart, toPart } from '../connection.js';
import type * as Sdl from '../generated/schema.js';
import { type RequestContext, scopeOf } from '../sender.js';
import { toScope } from '../token-input.js';
import { NAME_LENGTH, requireAllowable, wrong } from './record-input.js';

const DEFAULT_VALIDITY_S = 30 * 24 * 3600;
const MAX_VALIDITY_S = 90 * 24 * 3600;

/** Answers `waivers`, `addWaiver` and `revokeWaiver`. */
@Resolver()
export class WaiversResolver {
  constructor(
    private readonly store: WaiversStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Query('waivers')
  async list(
    @Args() { where, ...page }: Sdl.QueryWaiversArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.WaiverConnection> {
    const { active = null, owner = null, code = null } = where ?? {};
    const now = this.clock.now();
    const rows = (await this.visible(scopeOf(context))).filter(
      (row) =>
        (active === null || isActive(row, now) === active) &&
        (owner === null || row.owner === owner) &&
        (code === null || row.codes.includes(code)),
    );
    const part = toPart(page, rows.length);
    const shown = rows.slice(part.from, part.from + part.size).map((row) => waiverView(row, now));
    return connectPart(shown, part, rows.length);
  }

  @Mutation('addWaiver')
  async add(
    @Args() { input }: Sdl.MutationAddWaiverArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Waiver> {
    const now = this.clock.now();
    const row = toWaiver(input, bearerOf(context.reply.request), now);
    const { id, owner, reason, codes, selector, release, expiresAt, createdBy: who } = row;
    await this.audit.record(async (tx) => {
      await this.store.add(tx, row);
      const detail = { owner, reason, codes, selector, release, expiresAt };
      return { result: null, entry: { who, action: 'add-waiver', subject: id, detail } };
    });
    return waiverView(row, now);
  }

  @Mutation('revokeWaiver')
  async revoke(
    @Args() { id, reason }: Sdl.MutationRevokeWaiverArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Waiver> {
    const { name: who, scope } = bearerOf(context.reply.request);
    const now = this.clock.now();
    const found = await this.find(id, scope);
    const detail = { owner: found.owner, reason: requireReason(reason) };
    await this.audit.record(async (tx) => {
      const revoked = await this.store.revoke(tx, found.id, who, reason, now);
      const entry = { who, action: 'revoke-waiver' as const, subject: found.id, detail };
      return { result: null, entry: revoked ? entry : null };
    });
    return waiverView(await this.find(id, scope), now);
  }

  /** @throws RequestError NOT_FOUND, also for a waiver out of the scope */
  private async find(id: string, scope: Scope | null): Promise<WaiverRow> {
    const found = (await this.visible(scope)).find((row) => row.id === id.toLowerCase());
    if (found !== undefined) return found;
    throw new RequestError('NOT_FOUND', `no waiver has the id ${JSON.stringify(id.slice(0, 100))}`);
  }

  private async visible(scope: Scope | null): Promise<WaiverRow[]> {
    return (await this.store.list()).filter(({ selector }) => isWithin(selector, scope));
  }
}

/** @throws RequestError BAD_USER_INPUT, or FORBIDDEN for hosts out of the scope of who adds it */
function toWaiver(input: Sdl.AddWaiverInput, { name, scope }: Bearer, now: Date): WaiverRow {
  const { owner, codes } = input;
  const release = input.release ?? null;
  const expiresIn = input.expiresIn ?? DEFAULT_VALIDITY_S;
  requireLine('input/owner', owner, NAME_LENGTH);
  const reason = requireReason(input.reason);
  if (release !== null) requireLine('input/release', release, NAME_LENGTH);
  if (codes.length === 0) throw wrong('codes', 'must name at least one code', 'none');
  requireAllowable('codes', codes);
  if (expiresIn <= 0 || expiresIn > MAX_VALIDITY_S)
    throw wrong('expiresIn', 'must be more than 0 s and at most 90 days', `${expiresIn} s`);
  const selector = toScope(input.selector, 'selector');
  if (!isWithin(selector, scope))
    throw new RequestError('FORBIDDEN', 'your token has a scope, and adds only waivers for hosts within it');
  return {
    id: uuidv7(),
    owner,
    reason,
    codes: [...new Set(codes)],
    selector,
    release,
    createdAt: now,
    createdBy: name,
    expiresAt: new Date(now.getTime() + expiresIn * 1000),
    revokedAt: null,
    revokedBy: null,
    revokeReason: null,
  };
}

const waiverView = ({ selector, codes, ...row }: WaiverRow, now: Date): Sdl.Waiver => ({
  ...row,
  codes: codes as Sdl.ReasonCode[],
  selector: Object.entries(selector).map(([key, values]) => ({ key, values: [...values] })),
  active: isActive(row, now),
});
