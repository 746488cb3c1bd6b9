import { useState } from 'preact/hooks';
import { ViewTitle } from '../parts/view-title.js';
import { SIGN_IN } from '../texts/sign-in.js';

/** Asks for a token of the registry. */
export function SignIn({ wrong, signIn }: { wrong: string | null; signIn: (token: string) => void }) {
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
      </div>
      <p class="muted">{SIGN_IN.where}</p>
    </form>
  );
}
