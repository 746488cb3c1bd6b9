import { Inject } from '@nestjs/common';
import { Context, Query, Resolver } from '@nestjs/graphql';
import { Access } from '../access/access.js';
import { CONFIG, type Config } from '../config.js';
import type * as Sdl from './generated/schema.js';
import type { RequestContext } from './sender.js';
import { roleView, scopeView } from './token-view.js';

/** Answers `viewer`. */
@Resolver()
export class ViewerResolver {
  constructor(
    private readonly access: Access,
    @Inject(CONFIG) private readonly config: Pick<Config, 'access'>,
  ) {}

  /**
   * The holder of the token, also while access is switched off: a page then knows which changes it may offer.
   */
  @Query('viewer')
  async viewer(@Context() { reply }: RequestContext): Promise<Sdl.Viewer> {
    const bearer = await this.access.holderOf(reply.request);
    const { name, role, scope, owners, expiresAt } = bearer;
    return {
      name,
      role: role === 'none' ? null : roleView(role),
      scope: scopeView(scope),
      owners,
      expiresAt,
      tokenNeeded: this.config.access,
      fields: this.access.fieldsOf(bearer),
    };
  }
}
