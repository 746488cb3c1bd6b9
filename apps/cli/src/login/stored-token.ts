import type { Environment } from '../environment.js';
import { notAuthorised } from '../exits.js';
import type { Settings } from '../settings.js';
import { changeLogin, type Login, readLogin } from './credentials.js';
import { renew } from './issuer.js';

/** An ID token is renewed this long before it expires. */
const MARGIN_MS = 30_000;

/**
 * Adds the token of a sign-in to settings without a token. It is renewed if it expires soon.
 *
 * @throws Failure 5 if the sign-in has ended
 */
export async function withStoredToken(settings: Settings, environment: Environment): Promise<Settings> {
  if (settings.token !== null) return settings;
  const login = readLogin(settings.url, environment);
  if (login === null) return settings;
  const isFresh = ({ expiresAt }: Login): boolean => expiresAt - environment.now() > MARGIN_MS;
  const valid = isFresh(login)
    ? login
    : // another program may have renewed it since
      await changeLogin(settings.url, environment, async (now, keep) =>
        now === null || isFresh(now) ? now : renewed(now, keep),
      );
  return valid === null ? settings : { ...settings, token: valid.idToken };
}

async function renewed(login: Login, keep: (login: Login) => void): Promise<Login> {
  if (login.refreshToken !== null) return renew(login, keep);
  throw notAuthorised(
    `the sign-in at ${login.issuer} has expired, and the issuer gave no refresh token`,
    'sign in again: klpreg login',
  );
}
