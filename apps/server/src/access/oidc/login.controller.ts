import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../../config.js';
import { Accounts } from './accounts.js';

const ENDPOINT = 'From the discovery document of the issuer. Null: the issuer has not answered yet.';

/** What a client needs to sign somebody in. Nothing in it is secret. */
export const LoginAnswer = z.object({
  openIdConnect: z
    .object({
      issuer: z.string(),
      clientId: z.string(),
      scopes: z.string().describe('Separated by spaces.'),
      authorizationEndpoint: z.string().nullable().describe(ENDPOINT),
      tokenEndpoint: z.string().nullable().describe(ENDPOINT),
    })
    .nullable()
    .describe('Null: people use tokens of the registry.'),
  tokenNeeded: z.boolean().describe('Whether questions need a token.'),
});
type LoginAnswer = z.infer<typeof LoginAnswer>;

/** How people sign in, for `klpreg login` and web pages. */
@Controller()
export class LoginController {
  constructor(
    private readonly accounts: Accounts,
    @Inject(CONFIG) private readonly config: Pick<Config, 'access' | 'oidc'>,
  ) {}

  @Get('v1/login')
  answer(): LoginAnswer {
    const { access: tokenNeeded, oidc } = this.config;
    if (oidc === null) return { openIdConnect: null, tokenNeeded };
    const { issuer, clientId, loginScopes: scopes } = oidc;
    const { authorization = null, token = null } = this.accounts.endpoints ?? {};
    const endpoints = { authorizationEndpoint: authorization, tokenEndpoint: token };
    return { openIdConnect: { issuer, clientId, scopes, ...endpoints }, tokenNeeded };
  }
}
