import { useSession } from '../session/session.js';
import { SHELL } from '../texts/shell.js';

/** Says that numbers of hosts are only about the scope of the person's token, if it has one. */
export function ScopeNote() {
  const { viewer } = useSession();
  return viewer.scope === null ? null : <p class="note warning">{SHELL.limitedByScope}</p>;
}
