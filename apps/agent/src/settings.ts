import type { Roots } from './read/paths.js';

/** Everything that was configured, checked and complete. */
export interface Settings {
  /** Base URL of the registry, without a slash at its end; null: only `dump` works. */
  readonly url: string | null;
  /** Goes into `Authorization: Bearer`; never into a log. */
  readonly token: string | null;
  readonly roots: Roots & { readonly root: string };
  /** The tree is not this machine's own `/`: a captured one, or another host's. */
  readonly isTree: boolean;
  readonly modules: readonly string[];
  readonly instance: string | null;
  readonly hostname: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly bootId: string | null;
  readonly arch: string | null;
  readonly kernelRelease: string | null;
  /** Folder for what must outlive a run. */
  readonly state: string;
  /** How long one run may try to reach the registry, in seconds. */
  readonly timeout: number;
  /** Seconds between documents for `run`, until the registry asks for another. */
  readonly interval: number;
}
