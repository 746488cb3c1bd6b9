import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { bearerOf } from '../access/access.js';
import { isWithin } from '../access/scope.js';
import { newToken } from '../access/token-text.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import { type Bearer, type TokenRow, TokensStore } from '../store/access/tokens.store.js';
import { requireReason } from './admin-input.js';
import { connectPart, toPart } from './connection.js';
import type * as Sdl from './generated/schema.js';
import type { RequestContext } from './sender.js';
import { toNewToken } from './token-input.js';
import { roleView, scopeView } from './token-view.js';

/** Answers `tokens`, `createToken` and `revokeToken`. */
@Resolver('Token')
export class TokensResolver {
  constructor(
    private readonly tokens: TokensStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Query('tokens')
  async list(
    @Args() args: Sdl.QueryTokensArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.TokenConnection> {
    const rows = await this.visible(bearerOf(context.reply.request));
    const part = toPart(args, rows.length);
    const page = rows.slice(part.from, part.from + part.size);
    return connectPart(page.map(tokenView), part, rows.length);
  }

  @Mutation('createToken')
  async create(
    @Args() { input }: Sdl.MutationCreateTokenArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.CreatedToken> {
    const now = this.clock.now();
    const maker = bearerOf(context.reply.request);
    const token = toNewToken(input, maker, now);
    const text = newToken(token.role);
    const row = await this.audit.record(async (tx) => {
      const result = await this.tokens.add(tx, text, token, now);
      if (result === null)
        throw new RequestError(
          'AMBIGUOUS',
          `a valid token has the name ${JSON.stringify(token.name)} already`,
        );
      const { createdBy: who, ...detail } = token;
      return { result, entry: { who: who!, action: 'create-token', subject: result.id, detail } };
    });
    return { token: tokenView(row), text };
  }

  @Mutation('revokeToken')
  async revoke(
    @Args() { id, reason }: Sdl.MutationRevokeTokenArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Token> {
    const bearer = bearerOf(context.reply.request);
    const found = await this.find(id, bearer);
    const detail = { name: found.name, reason: requireReason(reason) };
    await this.audit.record(async (tx) => {
      const result = await this.tokens.revoke(tx, found.id, bearer.name, this.clock.now());
      if (result === 'LAST_ADMIN')
        throw new RequestError(
          'BAD_USER_INPUT',
          'this is the last valid admin token: create another one first, with createToken',
        );
      const entry: AuditEntry = { who: bearer.name, action: 'revoke-token', subject: found.id, detail };
      return { result, entry: result === 'REVOKED' ? entry : null };
    });
    return tokenView(await this.find(id, bearer));
  }

  /** @throws RequestError NOT_FOUND, also for a token out of the scope */
  private async find(id: string, bearer: Bearer): Promise<TokenRow> {
    const found = (await this.visible(bearer)).find((row) => row.id === id.toLowerCase());
    if (found !== undefined) return found;
    throw new RequestError('NOT_FOUND', `no token has the id ${JSON.stringify(id.slice(0, 100))}`);
  }

  private async visible({ scope }: Bearer): Promise<TokenRow[]> {
    return (await this.tokens.list()).filter((row) => isWithin(row.scope, scope));
  }
}

const tokenView = ({ scope, role, ...row }: TokenRow): Sdl.Token => ({
  ...row,
  role: roleView(role),
  scope: scopeView(scope),
});
