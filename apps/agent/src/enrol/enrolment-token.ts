/** An enrolment token, and whom it enrols with. */
export interface EnrolmentToken {
  readonly token: string;
  /** SHA-256 of the public key (SPKI) of the registry's certificate or CA. Null: any that TLS accepts. */
  readonly pin: string | null;
}

const FORM = /^(klpreg_enrol_[\w-]{1,200})(?:#sha256:([0-9a-f]{64}))?$/;

/** Returns true for a text that claims to be an enrolment token. */
export const looksLikeEnrolmentToken = (text: string): boolean => text.startsWith('klpreg_enrol_');

/**
 * Parses `klpreg_enrol_…`, with or without `#sha256:` and 64 hexadecimal digits. Undefined if it is not one.
 */
export function readEnrolmentToken(text: string): EnrolmentToken | undefined {
  const [, token, pin = null] = FORM.exec(text) ?? [];
  return token === undefined ? undefined : { token, pin };
}
