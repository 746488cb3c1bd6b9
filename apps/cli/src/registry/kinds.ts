import type { VerdictKind } from './generated/operations.js';

/** The kinds of verdicts, from best to worst. */
export const KINDS = ['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const satisfies readonly VerdictKind[];
