import type { CombinedError } from '@urql/core';

/** Why a question has no answer, for a person. */
export interface Failure {
  /** Of the registry's errors, or `NETWORK`. */
  readonly code: string;
  /** What the registry says: which field, what was found, what is allowed. */
  readonly message: string;
}

/** Reads the first error of an answer. */
export function failureOf(error: CombinedError): Failure {
  const [first] = error.graphQLErrors;
  if (first !== undefined) {
    const { code } = first.extensions;
    return { code: typeof code === 'string' ? code : 'OTHER', message: first.message };
  }
  const status = (error.response as Response | undefined)?.status;
  if (status === 401) return { code: 'UNAUTHENTICATED', message: '' };
  if (status === 403) return { code: 'FORBIDDEN', message: '' };
  if (status === 429) return { code: 'RATE_LIMITED', message: '' };
  if (status === 503) return { code: 'UNAVAILABLE', message: '' };
  return { code: 'NETWORK', message: error.networkError?.message ?? '' };
}
