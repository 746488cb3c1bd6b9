/** The verdicts, from best to worst. */
export const KINDS = ['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const;
export type Kind = (typeof KINDS)[number];

/** A sign for each verdict, because colour is never the only one. */
export const SIGNS = { SAFE: '✓', UNKNOWN: '?', UNSAFE: '!', REFUSED: '×' } as const;

/** The numbers of hosts by verdict, as `VerdictCounts` has them. */
export interface Counts {
  readonly safe: number;
  readonly unknown: number;
  readonly unsafe: number;
  readonly refused: number;
}
