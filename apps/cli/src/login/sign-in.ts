import type { Environment } from '../environment.js';
import { clean } from '../show/clean.js';
import { usage } from '../exits.js';
import type { Login } from './credentials.js';
import { failureOf, type Issuer, toLogin } from './issuer.js';
import { Loopback } from './loopback.js';

/** How long a person may take to sign in. */
const WAIT_MS = 10 * 60_000;

/** Signs in with a browser on this machine: authorization code with PKCE. @throws Failure */
export async function signInWithBrowser(
  issuer: Issuer,
  scopes: string,
  { stderr }: Environment,
): Promise<Login> {
  const { client, configuration } = issuer;
  const loopback = await Loopback.open();
  try {
    const [verifier, state, nonce] = [
      client.randomPKCECodeVerifier(),
      client.randomState(),
      client.randomNonce(),
    ];
    const address = client.buildAuthorizationUrl(configuration, {
      redirect_uri: loopback.address,
      scope: scopes,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      // without it, an issuer gives no refresh token that outlives its session
      ...(scopes.split(' ').includes('offline_access') && { prompt: 'consent' }),
    });
    stderr.write(`open this address in a browser on this machine:\n${clean(address.href)}\n`);
    const answer = await loopback.received(state, AbortSignal.timeout(WAIT_MS));
    const tokens = await client.authorizationCodeGrant(configuration, answer, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    return toLogin(issuer, tokens, null);
  } catch (error) {
    throw failureOf(error, issuer.name);
  } finally {
    loopback.close();
  }
}

/** Signs in with a browser on any machine: the device flow. @throws Failure */
export async function signInWithDevice(
  issuer: Issuer,
  scopes: string,
  { stderr }: Environment,
): Promise<Login> {
  const { client, configuration } = issuer;
  if (configuration.serverMetadata().device_authorization_endpoint === undefined)
    throw usage(
      `the issuer ${issuer.name} has no device flow`,
      'leave out --device, on a machine with a browser',
    );
  try {
    const answer = await client.initiateDeviceAuthorization(configuration, { scope: scopes });
    const { user_code: code, verification_uri: address, verification_uri_complete: complete } = answer;
    stderr.write(`open ${clean(address)} in a browser, and enter the code ${clean(code)}\n`);
    if (complete !== undefined) stderr.write(`or open ${clean(complete)}\n`);
    const signal = AbortSignal.timeout(WAIT_MS);
    const tokens = await client.pollDeviceAuthorizationGrant(configuration, answer, undefined, { signal });
    return toLogin(issuer, tokens, null);
  } catch (error) {
    throw failureOf(error, issuer.name);
  }
}
