import type * as OpenIdClient from 'openid-client';
import { Failure, notAuthorised, unexpected, usage } from '../exits.js';
import type { Login } from './credentials.js';

/** How people sign in to a registry. */
export interface LoginSettings {
  readonly issuer: string;
  readonly clientId: string;
}

/** The issuer, as its discovery document describes it. */
export interface Issuer {
  readonly name: string;
  readonly clientId: string;
  readonly client: typeof OpenIdClient;
  readonly configuration: OpenIdClient.Configuration;
}

const TIMEOUT_S = 30;
const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/;

/**
 * Reads the discovery document of an issuer.
 *
 * @throws Failure 2 if its address is not acceptable, 4 if it does not answer
 */
export async function openIssuer({ issuer, clientId }: LoginSettings): Promise<Issuer> {
  const isLocal = LOOPBACK.test(issuer);
  if (!URL.canParse(issuer) || !(issuer.startsWith('https://') || isLocal))
    throw usage(
      `'${issuer}' is not an issuer that people can sign in at safely`,
      'its address must begin with https://; ask the administrator of the registry',
    );
  // loaded here, because other commands start faster without it
  const client = await import('openid-client');
  try {
    const configuration = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
      timeout: TIMEOUT_S,
      execute: isLocal ? [client.allowInsecureRequests] : [],
    });
    return { name: issuer, clientId, client, configuration };
  } catch (error) {
    throw failureOf(error, issuer);
  }
}

type Tokens = OpenIdClient.TokenEndpointResponse & OpenIdClient.TokenEndpointResponseHelpers;

/** Returns the sign-in that an answer of the issuer means. @throws Failure 4 if it has no ID token */
export function toLogin({ name, clientId }: Issuer, tokens: Tokens, before: Login | null): Login {
  const claims = tokens.claims();
  if (claims === undefined || tokens.id_token === undefined)
    throw unexpected(`the issuer ${name} gave no ID token`, 'sign in again: klpreg login');
  return {
    issuer: name,
    clientId,
    subject: claims.sub,
    idToken: tokens.id_token,
    expiresAt: claims.exp * 1000,
    refreshToken: tokens.refresh_token ?? before?.refreshToken ?? null,
  };
}

/**
 * Trades the refresh token of a sign-in for its next ID token.
 *
 * @param keep stores the sign-in with its next refresh token, whatever else the answer lacks
 * @throws Failure 5 if the sign-in has ended, 4 if the answer has no ID token
 */
export async function renew(login: Login, keep: (login: Login) => void): Promise<Login> {
  const issuer = await openIssuer(login);
  try {
    const tokens = await issuer.client.refreshTokenGrant(issuer.configuration, login.refreshToken!);
    // the refresh token before this one may have ended
    if (tokens.refresh_token !== undefined) keep({ ...login, refreshToken: tokens.refresh_token });
    return toLogin(issuer, tokens, login);
  } catch (error) {
    throw failureOf(error, login.issuer);
  }
}

/** Ends a sign-in at the issuer, if it can do that. @throws Failure */
export async function revoke(login: Login): Promise<void> {
  if (login.refreshToken === null) return;
  const { client, configuration } = await openIssuer(login);
  if (configuration.serverMetadata().revocation_endpoint === undefined) return;
  try {
    await client.tokenRevocation(configuration, login.refreshToken);
  } catch (error) {
    throw failureOf(error, login.issuer);
  }
}

/** What the errors of OAuth mean to the person who signs in. */
const REFUSALS: Readonly<Record<string, string>> = {
  access_denied: 'the sign-in was refused',
  expired_token: 'the code was not entered in time',
  invalid_grant: 'the sign-in has ended, or was used already',
};

/** An error of the OpenID Connect client: an answer of the issuer, or what `fetch` throws. */
interface OauthError extends Error {
  readonly error?: string;
  readonly error_description?: string;
  readonly cause?: { readonly code?: string; readonly message?: string };
}

/** Converts an error of the OpenID Connect client. */
export function failureOf(error: unknown, issuer: string): Failure {
  if (error instanceof Failure) return error;
  const { name, error: code, error_description: description, cause, message } = error as OauthError;
  if (typeof code === 'string')
    return code in REFUSALS
      ? notAuthorised(`${REFUSALS[code]} at ${issuer} (${code})`, 'sign in again: klpreg login')
      : unexpected(`the issuer ${issuer} answered with an error: ${description ?? code} (${code})`);
  const why =
    name === 'TimeoutError' ? 'it did not answer in time' : (cause?.code ?? cause?.message ?? message);
  return unexpected(
    `signing in at ${issuer} failed: ${why}`,
    'if its certificate is of your own CA, name that in NODE_EXTRA_CA_CERTS',
  );
}
