import { z } from 'zod';
import { integer } from '../../integer-setting.js';
import { RolesFile } from './roles-file.js';

const text = z.string().min(1).optional();
const yes = z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no');

/** The settings as fields of a zod object. */
export const oidcEnvironment = {
  KLPREG_OIDC_ISSUER: z
    .string()
    .regex(
      /^https?:\/\/[^\s@?#]+$/,
      'must be the address of the issuer, such as https://login.example/realms/ops',
    )
    .refine((address) => URL.canParse(address), { error: 'must be an address' })
    .optional(),
  KLPREG_OIDC_CLIENT_ID: text,
  KLPREG_OIDC_AUDIENCE: text,
  KLPREG_OIDC_LOGIN_SCOPES: z
    .string()
    .regex(/^(?:.+ )?openid(?: .+)?$/, 'must be scopes separated by spaces, one of them openid')
    .default('openid offline_access'),
  KLPREG_OIDC_ROLES_CLAIM: z.string().min(1).default('groups'),
  KLPREG_OIDC_ROLES_FILE: text,
  KLPREG_OIDC_CLOCK_SKEW: integer(' of seconds', 0, 300, 60),
  KLPREG_OIDC_KEYS_HOURS: integer(' of hours', 1, 168, 24),
  KLPREG_OIDC_ALLOW_HTTP: yes,
  KLPREG_OIDC_ALLOW_PRIVATE: yes,
};

/** OpenID Connect: who issues the tokens of people, and what they may do. */
export interface OidcSettings {
  /** As its tokens name it. */
  readonly issuer: string;
  /** The client that people sign in with: `klpreg login`, and the page. */
  readonly clientId: string;
  /** Whom a token must be for: the client, and what the audience setting names. */
  readonly audiences: readonly string[];
  /** What a client asks the issuer for when somebody signs in. */
  readonly loginScopes: string;
  /** Which accounts have which role. */
  readonly roles: RolesFile;
  readonly clockSkewSeconds: number;
  /** How long keys count that could not be read again since. */
  readonly keysHours: number;
  /** Whether the issuer may be asked without TLS. */
  readonly allowHttp: boolean;
  /** Whether the issuer may have a private address. */
  readonly allowPrivate: boolean;
}

type Environment = z.infer<z.ZodObject<typeof oidcEnvironment>>;

/**
 * Returns the settings of OpenID Connect; null if it is off.
 *
 * @param wrong gets a sentence for each setting that is missing
 */
export function toOidcSettings(environment: Environment, wrong: string[]): OidcSettings | null {
  const { KLPREG_OIDC_ISSUER: issuer, KLPREG_OIDC_CLIENT_ID: clientId } = environment;
  const { KLPREG_OIDC_AUDIENCE: audience, KLPREG_OIDC_ROLES_FILE: rolesFile } = environment;
  if (issuer === undefined) {
    if (clientId !== undefined || audience !== undefined || rolesFile !== undefined)
      wrong.push('KLPREG_OIDC_ISSUER: is needed by the other settings of OpenID Connect');
    return null;
  }
  if (clientId === undefined) {
    wrong.push(
      'KLPREG_OIDC_CLIENT_ID: is needed with KLPREG_OIDC_ISSUER: the client that people sign in with',
    );
    return null;
  }
  const allowHttp = environment.KLPREG_OIDC_ALLOW_HTTP === 'yes';
  if (!allowHttp && !issuer.startsWith('https:'))
    wrong.push(
      `KLPREG_OIDC_ISSUER: must be an https address (found ${issuer}): others could give the registry ` +
        'their keys. For development, set KLPREG_OIDC_ALLOW_HTTP=yes',
    );
  return {
    issuer,
    clientId,
    audiences: [clientId, ...(audience === undefined ? [] : [audience])],
    loginScopes: environment.KLPREG_OIDC_LOGIN_SCOPES,
    roles: readRoles(environment.KLPREG_OIDC_ROLES_CLAIM, rolesFile ?? null, wrong),
    clockSkewSeconds: environment.KLPREG_OIDC_CLOCK_SKEW,
    keysHours: environment.KLPREG_OIDC_KEYS_HOURS,
    allowHttp,
    allowPrivate: environment.KLPREG_OIDC_ALLOW_PRIVATE === 'yes',
  };
}

function readRoles(claim: string, file: string | null, wrong: string[]): RolesFile {
  try {
    return RolesFile.read(claim, file);
  } catch (error) {
    wrong.push(`KLPREG_OIDC_ROLES_FILE: ${file}: ${(error as Error).message}`);
    return RolesFile.read(claim, null);
  }
}
