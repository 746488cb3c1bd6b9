import { Failure } from '../failure.js';
import type { PostOptions } from '../send/send-once.js';
import { ageOf, keepCredential, readCredential, type StoredCredential } from './credential-file.js';
import { type EnrollingHost, requestEnrolment, requestRenewal } from './credential-request.js';
import type { EnrolmentToken } from './enrolment-token.js';
import { ensureHostKey, readHostKey } from './host-key.js';

/** What authenticates the messages of one run. */
export interface Bearer {
  /** Returns the token of the next request. Null: the request has none. @throws Failure; RetryableError */
  token(): Promise<string | null>;
  /** Returns another token after the last one was refused (401). Null if there is none. */
  another(): Promise<string | null>;
  /** Notes that a token was accepted. */
  accepted(token: string | null): void;
}

/** A token from the configuration. */
export const configuredToken = (token: string): Bearer => ({
  token: async () => token,
  another: async () => null,
  accepted: () => undefined,
});

export interface HostBearerOptions {
  readonly url: string;
  /** `STATE/instances/ID` */
  readonly folder: string;
  readonly host: EnrollingHost;
  /** Null: none is configured. */
  readonly enrolment: EnrolmentToken | null;
  /** The time limit of the next request. */
  readonly limits: () => PostOptions;
  readonly warn: (text: string) => void;
}

/**
 * The credential of this host: gets it with the enrolment token, and renews it in time.
 *
 * The key of the host is on the disk before anything is sent, and gets another credential at any time. So no
 * kill and no lost answer locks the host out: the stored credential only saves a request.
 */
export class HostBearer implements Bearer {
  private wasRenewed = false;
  private previous: string | null = null;

  constructor(private readonly options: HostBearerOptions) {}

  async token(): Promise<string | null> {
    const { folder, host, enrolment, warn } = this.options;
    const stored = readCredential(folder);
    const age = stored === null ? 'EXPIRED' : ageOf(stored, host.instance);
    if (stored !== null && age === 'FRESH') return stored.credential;
    if (stored === null && enrolment === null && readHostKey(folder) === null) return null;
    try {
      return await this.renew(stored);
    } catch (error) {
      if (stored === null || age === 'EXPIRED' || !(error instanceof Failure)) throw error;
      warn(`the credential of this host could not be renewed yet: ${error.message}`);
      return stored.credential;
    }
  }

  async another(): Promise<string | null> {
    const { previous } = this;
    this.previous = null;
    if (this.wasRenewed) return previous;
    const stored = readCredential(this.options.folder);
    return stored === null ? null : this.renew(stored);
  }

  accepted(token: string | null): void {
    const { folder, warn } = this.options;
    const stored = readCredential(folder);
    if (stored === null || stored.credential !== token || stored.previous === null) return;
    try {
      keepCredential(folder, { ...stored, previous: null });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      warn(error.message);
    }
  }

  /** Gets a credential, also before one is due, and stores it. */
  async renew(stored: StoredCredential | null = readCredential(this.options.folder)): Promise<string> {
    const { folder } = this.options;
    const { credential, serial, lifeMs } = await this.request(stored);
    const previous = stored?.credential ?? null;
    keepCredential(folder, { credential, serial, lifeMs, gotMs: Date.now(), previous });
    this.wasRenewed = true;
    this.previous = previous;
    return credential;
  }

  private async request(stored: StoredCredential | null) {
    const { url, folder, host, enrolment, limits } = this.options;
    const key = readHostKey(folder);
    if (key !== null)
      try {
        return await requestRenewal(url, host.instance, stored?.serial ?? 0, key, limits());
      } catch (error) {
        // never enrolled, or too long ago: a token enrols it
        if (!(error instanceof Failure) || error.code !== 'UNAUTHORISED' || enrolment === null) throw error;
      }
    if (enrolment === null)
      throw new Failure('UNAUTHORISED', `${url}: this host has no key, and no enrolment token is configured`);
    return requestEnrolment(url, enrolment, host, ensureHostKey(folder), limits());
  }
}
