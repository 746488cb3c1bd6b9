import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Viewer as Answer } from './generated/operations.js';

/** Who uses the page. */
export type Viewer = Answer['viewer'];

export interface Session {
  readonly viewer: Viewer;
  /** Signs in with a token; null: signs out. */
  readonly signIn: (token: string | null) => void;
}

export const SessionContext = createContext<Session | null>(null);

/** The session of the page. Only what is shown within `WithSession` asks for it. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('no session: the view is outside of WithSession');
  return session;
}

/** Whether the person may use a root field, such as `Mutation.createToken`. */
export function useMay(): (field: string) => boolean {
  const { viewer } = useSession();
  return (field) => viewer.fields.includes(field);
}
