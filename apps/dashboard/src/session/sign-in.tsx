import { useEffect, useState } from 'preact/hooks';
import { ViewTitle } from '../parts/view-title.js';
import { SHELL } from '../texts/shell.js';
import { SIGN_IN } from '../texts/sign-in.js';
import { findIssuer, type Issuer, startSignIn } from './account.js';
import { storedToken } from './token.js';

/** The sign-in with an account, if the registry has an issuer. */
function WithAccount() {
  const [issuer, setIssuer] = useState<Issuer | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    // without an answer there is still the token
    void findIssuer().then(setIssuer, () => {});
  }, []);
  if (issuer === null) return null;
  if (!isSecureContext) return <p class="note warning">{SIGN_IN.insecure}</p>;
  const start = async () => {
    try {
      await startSignIn(issuer, location.pathname + location.search);
    } catch (error) {
      setWrong(SIGN_IN.issuerFailed(issuer.issuer, (error as Error).message));
    }
  };
  return (
    <>
      <div class="row">
        <button type="button" class="main" onClick={() => void start()}>
          {SIGN_IN.account}
        </button>
        <span class="muted foreign">{issuer.issuer}</span>
      </div>
      {wrong !== null && (
        <p class="field-wrong foreign" role="alert">
          {wrong}
        </p>
      )}
      <p class="muted">{SIGN_IN.or}</p>
    </>
  );
}

/** Asks for an account or a token of the registry. */
export function SignIn({ wrong, signIn }: { wrong: string | null; signIn: (token: string | null) => void }) {
  const [token, setToken] = useState('');
  return (
    <form
      class="panel stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (token.trim() !== '') signIn(token.trim());
      }}
    >
      <ViewTitle title={SIGN_IN.title} />
      <p>{SIGN_IN.intro}</p>
      {wrong !== null && (
        <p class="field-wrong foreign" role="alert">
          {wrong}
        </p>
      )}
      <WithAccount />
      <label class="field">
        {SIGN_IN.token}
        <input
          type="password"
          value={token}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </label>
      <div class="row">
        <button type="submit" class="main">
          {SIGN_IN.submit}
        </button>
        {storedToken() !== null && (
          <button type="button" onClick={() => signIn(null)}>
            {SHELL.signOut}
          </button>
        )}
      </div>
      <p class="muted">{SIGN_IN.where}</p>
    </form>
  );
}
