import { storeToken } from './token.js';

/** How people sign in with an account, as `GET /v1/login` says. */
export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: string;
}

/** What is kept while the person is at the issuer. */
interface Started extends Issuer {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** Where the person was. */
  readonly returnTo: string;
}

/** What renews a sign-in. */
interface Renewal extends Issuer {
  readonly refreshToken: string;
  /** Of the present token, in milliseconds. */
  readonly expiresAt: number;
}

const STARTED = 'klpreg.started';
const RENEWAL = 'klpreg.renewal';
/** A token is renewed this long before it expires, so that no question is sent with one that has expired. */
const EARLY_MS = 30_000;
const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/;

const redirect = (): string => new URL('/signed-in', location.href).href;
const read = (key: string): unknown => JSON.parse(sessionStorage.getItem(key) ?? 'null');

/** Returns the issuer; null: people use tokens of the registry. */
export async function findIssuer(): Promise<Issuer | null> {
  const answer = await fetch('/v1/login');
  if (!answer.ok) return null;
  return ((await answer.json()) as { openIdConnect: Issuer | null }).openIdConnect;
}

/** Reads the discovery document. The library is loaded here, because most people sign in with a token. */
async function open({ issuer, clientId }: Issuer) {
  const client = await import('openid-client');
  const configuration = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
    execute: LOOPBACK.test(issuer) ? [client.allowInsecureRequests] : [],
  });
  return { client, configuration };
}

/** Sends the person to the issuer: authorization code with PKCE. */
export async function startSignIn(issuer: Issuer, returnTo: string): Promise<void> {
  const { client, configuration } = await open(issuer);
  const verifier = client.randomPKCECodeVerifier();
  const started: Started = {
    ...issuer,
    verifier,
    state: client.randomState(),
    nonce: client.randomNonce(),
    returnTo,
  };
  sessionStorage.setItem(STARTED, JSON.stringify(started));
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirect(),
    scope: issuer.scopes,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: started.state,
    nonce: started.nonce,
    ...(issuer.scopes.split(' ').includes('offline_access') && { prompt: 'consent' }),
  });
  location.assign(address);
}

type Tokens = {
  readonly id_token?: string;
  readonly refresh_token?: string;
  claims(): { exp: number } | undefined;
};

/** Keeps the ID token of an answer, and what renews it. */
function keep(issuer: Issuer, tokens: Tokens, before: string | null): void {
  const claims = tokens.claims();
  if (tokens.id_token === undefined || claims === undefined) throw new Error('the issuer gave no ID token');
  storeToken(tokens.id_token);
  const refreshToken = tokens.refresh_token ?? before;
  if (refreshToken === null) return;
  const renewal: Renewal = { ...issuer, refreshToken, expiresAt: claims.exp * 1000 };
  sessionStorage.setItem(RENEWAL, JSON.stringify(renewal));
}

/**
 * Ends a sign-in with the address to which the issuer sent the person.
 *
 * @returns where the person was; null: no sign-in was started in this tab
 * @throws Error if the issuer refuses it, or the answer is not to this sign-in
 */
export async function finishSignIn(): Promise<string | null> {
  const started = read(STARTED) as Started | null;
  if (started === null) return null;
  sessionStorage.removeItem(STARTED);
  const { client, configuration } = await open(started);
  const tokens = await client.authorizationCodeGrant(configuration, new URL(location.href), {
    pkceCodeVerifier: started.verifier,
    expectedState: started.state,
    expectedNonce: started.nonce,
    idTokenExpected: true,
  });
  const { issuer, clientId, scopes } = started;
  keep({ issuer, clientId, scopes }, tokens, null);
  return started.returnTo;
}

/** Renews the sign-in before its token expires, for as long as the page is open. */
export function keepSignedIn(): void {
  const renewal = read(RENEWAL) as Renewal | null;
  if (renewal === null) return;
  const renew = async () => {
    const { client, configuration } = await open(renewal);
    keep(renewal, await client.refreshTokenGrant(configuration, renewal.refreshToken), renewal.refreshToken);
    keepSignedIn();
  };
  // a sign-in that has ended shows when the registry next refuses the token
  setTimeout(() => void renew().catch(() => {}), Math.max(0, renewal.expiresAt - EARLY_MS - Date.now()));
}

/** Forgets the sign-in of this tab. */
export function forgetSignIn(): void {
  sessionStorage.removeItem(STARTED);
  sessionStorage.removeItem(RENEWAL);
}
