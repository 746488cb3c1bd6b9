import type { TlsFiles } from '@klpreg/connection';
import type { EnrolmentToken } from './enrol/enrolment-token.js';
import type { Roots } from './read/paths.js';

/** The validated configuration. */
export interface Settings {
  /** Base URL of the registry without a final slash. Null: only `dump` works. */
  readonly url: string | null;
  /** For `Authorization: Bearer`. Never logged. Null: the host has a credential of its own. */
  readonly token: string | null;
  /** How this host gets a credential of its own. Never logged. */
  readonly enrolment: EnrolmentToken | null;
  /** Whom the agent trusts, and its client certificate. */
  readonly tls: TlsFiles;
  readonly roots: Roots & { readonly root: string };
  /** The tree is not the `/` of this machine: it was captured, or is another host's. */
  readonly isTree: boolean;
  readonly modules: readonly string[];
  readonly instance: string | null;
  readonly hostname: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly bootId: string | null;
  readonly arch: string | null;
  readonly kernelRelease: string | null;
  /** The state directory. */
  readonly state: string;
  /** The time of one run to reach the registry, in seconds. */
  readonly timeout: number;
  /** The interval of `run` in seconds, until the registry asks for another one. */
  readonly interval: number;
}
