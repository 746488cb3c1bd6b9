import { useLocation } from 'preact-iso/router';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Failed, Loading } from '../parts/messages.js';
import type { Failure } from '../registry/failure.js';
import { useQuestion } from '../registry/use-question.js';
import { SIGN_IN } from '../texts/sign-in.js';
import { forgetSignIn, keepSignedIn } from './account.js';
import { VIEWER } from './generated/operations.js';
import { SessionContext, type Viewer } from './session.js';
import { SignIn } from './sign-in.js';
import { storedToken, storeToken } from './token.js';

const SIGNED_IN = '/signed-in';
const SIGNED_OUT: Viewer = {
  name: '',
  role: null,
  scope: null,
  tokenNeeded: true,
  expiresAt: null,
  fields: [],
};

/** Why the registry does not let the person in. Without a failure, the token has no right to look. */
const wrongOf = (failure: Failure | undefined): string =>
  failure?.code === 'UNAUTHENTICATED'
    ? failure.message
    : [SIGN_IN.mayNothing, ...(failure === undefined ? [] : [SIGN_IN.says(failure.message)])].join(' ');

/** The whole page begins again, so that nothing of another person's answers stays. */
function signIn(token: string | null): void {
  storeToken(token);
  forgetSignIn();
  if (location.pathname === SIGNED_IN) location.replace('/');
  else location.reload();
}

/** Finds out who uses the page. Asks for a token if the registry needs one. */
export function WithSession({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const question = useQuestion(VIEWER, {});
  const { data, failure } = question;
  useEffect(keepSignedIn, []);
  const isRefused = failure?.code === 'FORBIDDEN' || failure?.code === 'UNAUTHENTICATED';
  const mayNothing = data?.viewer.fields.includes('Query.fleet') === false;
  if (path !== SIGNED_IN && (isRefused || mayNothing)) {
    const wrong = storedToken() === null ? null : wrongOf(failure);
    return (
      <main class="sign-in">
        <SignIn wrong={wrong} signIn={signIn} />
      </main>
    );
  }
  if (data === undefined && path !== SIGNED_IN)
    return (
      <main>{failure === undefined ? <Loading /> : <Failed failure={failure} again={question.again} />}</main>
    );
  const viewer = data?.viewer ?? SIGNED_OUT;
  return <SessionContext.Provider value={{ viewer, signIn }}>{children}</SessionContext.Provider>;
}
