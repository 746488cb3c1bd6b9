import { useLocation } from 'preact-iso/router';
import { useEffect, useState } from 'preact/hooks';
import { Loading } from '../parts/messages.js';
import { SIGN_IN } from '../texts/sign-in.js';
import { finishSignIn } from './account.js';
import { useSession } from './session.js';
import { SignIn } from './sign-in.js';

/** Where the issuer sends a person back to. Without an answer of the issuer, a person can sign in here. */
export default function SignedIn() {
  const { query } = useLocation();
  const { signIn } = useSession();
  const isAnswer = 'code' in query || 'error' in query;
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    if (!isAnswer) return;
    void finishSignIn().then(
      // the whole page begins again, with the new token
      (returnTo) => location.replace(returnTo ?? '/'),
      (error: unknown) => setWrong(SIGN_IN.refused((error as Error).message)),
    );
  }, [isAnswer]);
  if (isAnswer && wrong === null) return <Loading />;
  return <SignIn wrong={wrong} signIn={signIn} />;
}
