import { addressOf } from '../address/parameters.js';
import { SHELL } from '../texts/shell.js';
import { Copy } from './copy.js';

/** What is sent to the registry: a document with its variables. */
export interface Document {
  readonly query: string;
  /** Undefined ones are left out. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The question of a view as a command and as a document, to copy. */
export function SameQuestion({ command, document }: { command: string; document: Document }) {
  const { query } = document;
  const variables = JSON.stringify(document.variables, null, 2);
  return (
    <div class="stack">
      <Copy title={SHELL.asCommand} text={command} />
      <Copy title={SHELL.asDocument} text={query} />
      <Copy title={SHELL.variables} text={variables} />
      <p>
        <a href={addressOf('/graphiql', { query, variables })}>{SHELL.inGraphiql}</a>
      </p>
    </div>
  );
}
