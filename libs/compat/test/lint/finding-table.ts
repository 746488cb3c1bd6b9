import { explainFinding, type Finding, type FindingCode, lint } from '../../src/index.js';

/** What is handed to the lint: the candidate, those before it, the others. */
export type Linted = Parameters<typeof lint>;
type Row = [sentence: string, linted: Linted, expected: Partial<Finding>[]];

/** Every code that has a table. */
export const tested = new Set<FindingCode>();

/**
 * For one code: when it appears, with which facts, and its nearest neighbours, where it does not (an empty
 * list).
 */
export function findingTable(code: FindingCode, rows: Row[]): void {
  tested.add(code);
  describe(code, () => {
    test.each(rows)('%s', (_, linted, expected) => {
      const found = lint(...linted).filter((finding) => finding.code === code);
      expect(found).toHaveLength(expected.length);
      expect(found).toMatchObject(expected);
      for (const finding of found) expect(explainFinding(finding)).not.toMatch(/undefined|null|NaN/);
    });
  });
}
