import { addressOf } from '../address/parameters.js';
import { SHELL } from '../texts/shell.js';
import { Copy } from './copy.js';

/** What is sent to the registry: a document with its variables. */
export interface Document {
  readonly query: string;
  /** Undefined ones are left out. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A longer address is refused by servers and proxies. A manifest can be longer. */
const LONGEST_ADDRESS = 8000;

/** The question of a view as a command and as a document, to copy. */
export function SameQuestion({ command, document }: { command: string; document: Document }) {
  const { query } = document;
  const variables = JSON.stringify(document.variables, null, 2);
  const graphiql = addressOf('/graphiql', { query, variables });
  return (
    <div class="stack">
      <Copy title={SHELL.asCommand} text={command} />
      <Copy title={SHELL.asDocument} text={query} />
      <Copy title={SHELL.variables} text={variables} />
      {graphiql.length <= LONGEST_ADDRESS && (
        <p>
          <a href={graphiql}>{SHELL.inGraphiql}</a>
        </p>
      )}
    </div>
  );
}
