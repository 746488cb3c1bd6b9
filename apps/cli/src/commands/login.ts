import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import { changeLogin } from '../login/credentials.js';
import { openIssuer, revoke } from '../login/issuer.js';
import { signInWithBrowser, signInWithDevice } from '../login/sign-in.js';
import { openRegistry } from '../registry/client.js';
import { fromStatus } from '../registry/errors.js';
import { PATCHES } from '../registry/generated/operations.js';
import { send } from '../registry/http.js';
import { checked } from '../registry/shape.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import type { Environment } from '../environment.js';
import type { Settings } from '../settings.js';
import type { Act } from './act.js';
import { helpText } from './help.js';

const SETTINGS = {
  fields: { openIdConnect: { nullable: { fields: { issuer: 'text', clientId: 'text', scopes: 'text' } } } },
} as const;

interface SignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: string;
}

/** `login`: signs a person in at the issuer of the registry. */
export const login = (act: Act): Command =>
  new Command('login')
    .summary('sign in with OpenID Connect')
    .description(
      'Signs you in at the OpenID Connect issuer of the registry. ' +
        'Later commands use that if they have no other token.',
    )
    .option('--device', 'for a machine without a browser: shows a code that you enter on another one')
    .addHelpText('after', helpText('login'))
    .action(
      act<{ device?: true }>(async ({ flags, settings, environment }) => {
        const { scopes, ...where } = await signInSettings(settings, environment);
        const issuer = await openIssuer(where);
        const signIn = flags.device === true ? signInWithDevice : signInWithBrowser;
        const made = await signIn(issuer, scopes, environment);
        // the registry says now, not later, if it does not accept the account
        await openRegistry({ ...settings, token: made.idToken }, environment).ask(PATCHES, { first: 1 });
        await changeLogin(settings.url, environment, async () => made);
        const { subject } = made;
        const expiresAt = new Date(made.expiresAt).toISOString();
        show(
          { schemaVersion: 1, registry: settings.url, issuer: issuer.name, subject, expiresAt },
          () => clean(`signed in to ${settings.url} as ${subject} of ${issuer.name}`),
          settings.output,
          environment.stdout,
        );
        if (settings.token !== null)
          environment.stderr.write(
            'a token is also set, and takes precedence: unset KLPREG_TOKEN or token_file\n',
          );
        return EXIT.YES;
      }),
    );

/** `logout`: forgets a sign-in, and ends it at the issuer. */
export const logout = (act: Act): Command =>
  new Command('logout')
    .summary('forget the sign-in')
    .description('Removes the stored sign-in for the registry, and revokes its refresh token at the issuer.')
    .action(
      act<object>(async ({ settings, environment }) => {
        let found = false;
        await changeLogin(settings.url, environment, async (stored) => {
          found = stored !== null;
          if (stored !== null)
            await revoke(stored).catch((error: unknown) => {
              const { message } = error as Error;
              environment.stderr.write(`${clean(`the issuer did not end the sign-in: ${message}`)}\n`);
            });
          return null;
        });
        show(
          { schemaVersion: 1, registry: settings.url, signedOut: found },
          () => clean(found ? `signed out of ${settings.url}` : `you were not signed in to ${settings.url}`),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

/** Asks the registry where people sign in. @throws Failure */
async function signInSettings(settings: Settings, environment: Environment): Promise<SignInSettings> {
  // without a token: a stored sign-in may have ended
  const request = { method: 'GET', path: '/v1/login' } as const;
  const { status, body } = await send(request, { ...settings, token: null }, environment);
  if (status !== 200) throw fromStatus(status, body, 'the registry did not say where people sign in');
  const { openIdConnect } = checked(SETTINGS, body) as { openIdConnect: SignInSettings | null };
  if (openIdConnect === null)
    throw usage(
      `${settings.url} has no OpenID Connect issuer`,
      'use a token: --token-file FILE, KLPREG_TOKEN, or token_file in the configuration',
    );
  return openIdConnect;
}
