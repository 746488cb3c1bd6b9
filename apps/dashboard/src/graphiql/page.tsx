/** @jsxImportSource react */
import { GraphiQL } from 'graphiql';
import { useEffect, useState } from 'react';
import { storedToken, storeToken } from '../session/token.js';
import { TEXTS } from '../texts/graphiql.js';
import { currentTheme, followTheme } from '../theme.js';
import { addressOf, linkedDocument } from './address.js';
import { ask } from './ask.js';
import { EXAMPLES } from './examples.js';
import 'graphiql/graphiql.css';
import '../style/tokens.css';
import './page.css';

/** What a new tab shows: how the page works, and the first example. */
const FIRST = `${TEXTS.introduction}\n${EXAMPLES[0]!.document}`;

/** GraphiQL, with the token of the dashboard and the documented questions as examples. */
export function Page() {
  // the schema is read again when the token changes
  const [token, setToken] = useState(storedToken);
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => followTheme(setTheme), []);
  const { query, variables } = linkedDocument(location.search);
  return (
    <>
      <header>
        <a href="/">{TEXTS.back}</a>
        <Examples />
        <TokenField token={token} onChange={setToken} />
      </header>
      <main>
        <GraphiQL
          key={token}
          fetcher={ask}
          query={query}
          variables={variables}
          defaultQuery={FIRST}
          defaultEditorToolsVisibility="variables"
          isHeadersEditorEnabled={false}
          forcedTheme={theme}
        />
      </main>
    </>
  );
}

/** Opens an example in a tab of its own, by its address. */
function Examples() {
  return (
    <select
      aria-label={TEXTS.examples}
      value=""
      onChange={({ target }) => location.assign(addressOf(target.value))}
    >
      <option value="" disabled>
        {TEXTS.examples}
      </option>
      {[...new Set(EXAMPLES.map(({ chapter }) => chapter))].map((chapter) => (
        <optgroup key={chapter} label={chapter}>
          {EXAMPLES.filter((example) => example.chapter === chapter).map(({ question, document }) => (
            <option key={document} value={document}>
              {question}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}

function TokenField({ token, onChange }: { token: string | null; onChange: (token: string | null) => void }) {
  const [text, setText] = useState(token ?? '');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const entered = text.trim() === '' ? null : text.trim();
        storeToken(entered);
        onChange(entered);
      }}
    >
      <label>
        {TEXTS.token}{' '}
        <input
          type="password"
          autoComplete="off"
          value={text}
          placeholder={TEXTS.noToken}
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <button type="submit">{TEXTS.useToken}</button>
    </form>
  );
}
