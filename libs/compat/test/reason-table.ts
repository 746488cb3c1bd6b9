import {
  clearedBy,
  errnoOf,
  explain,
  kindOf,
  type Reason,
  type ReasonCode,
  type ReasonKind,
} from '../src/index.js';
import { type Asked, ask } from '../src/testing/index.js';

/** What a row expects of one reason: only the facts that matter to it. */
export type Expected = Partial<Reason> & { readonly kind?: ReasonKind };

const toExpect = (reason: Reason) => ({
  ...reason,
  kind: kindOf(reason),
  clearedBy: clearedBy(reason),
  errno: errnoOf(reason) ?? undefined,
});

/** The reasons of this code that a question gets, with everything that follows from the code. */
export const reasonsOf = (code: ReasonCode, asked: Asked) =>
  ask(asked)
    .reasons.filter((reason) => reason.code === code)
    .map(toExpect);

/**
 * For one code: when it appears, with which facts, and its nearest neighbours, where it does not (an empty
 * list).
 */
export function reasonTable(
  code: ReasonCode,
  rows: [sentence: string, asked: Asked, expected: Expected[]][],
): void {
  describe(code, () => {
    test.each(rows)('%s', (_, asked, expected) => {
      const found = reasonsOf(code, asked);
      expect(found).toHaveLength(expected.length);
      expect(found).toMatchObject(expected);
      for (const reason of found) expect(explain(reason)).not.toMatch(/undefined|null|NaN/);
    });
  });
}
