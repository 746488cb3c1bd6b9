import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../../config.js';

/** What a client needs to sign somebody in. Nothing in it is secret. */
export const LoginAnswer = z.object({
  openIdConnect: z
    .object({
      issuer: z.string(),
      clientId: z.string(),
      scopes: z.string().describe('Separated by spaces.'),
    })
    .nullable()
    .describe('Null: people use tokens of the registry.'),
});
type LoginAnswer = z.infer<typeof LoginAnswer>;

/** How people sign in, for `klpreg login` and web pages. */
@Controller()
export class LoginController {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  @Get('v1/login')
  answer(): LoginAnswer {
    const { oidc } = this.config;
    if (oidc === null) return { openIdConnect: null };
    const { issuer, clientId, loginScopes: scopes } = oidc;
    return { openIdConnect: { issuer, clientId, scopes } };
  }
}
