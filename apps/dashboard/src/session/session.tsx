import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** Who uses the page. */
export interface Viewer {
  readonly name: string;
  /** Null: without a token. */
  readonly role: string | null;
  /** Null: all hosts. */
  readonly scope: readonly { readonly key: string; readonly values: readonly string[] }[] | null;
  /** The root fields that it may use, such as `Query.tokens`. */
  readonly fields: readonly string[];
}

export interface Session {
  readonly viewer: Viewer;
  /** Signs in with a token; null: signs out. */
  readonly signIn: (token: string | null) => void;
}

export const SessionContext = createContext<Session | null>(null);

/** The session of the page. Only a view that is shown to somebody asks for it. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('no session: the view is outside of App');
  return session;
}

/** Whether the person may use a root field, such as `Mutation.createToken`. */
export function useMay(): (field: string) => boolean {
  const { viewer } = useSession();
  return (field) => viewer.fields.includes(field);
}
