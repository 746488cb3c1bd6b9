import type { Verdict } from '@klpreg/compat';
import { LRUCache } from 'lru-cache';
import { type FreshnessKey, freshnessKeyText } from '../hosts/hosts-at.js';

/** The verdicts of one question, by freshness key. */
export class Verdicts {
  /** By object, because the text of a key costs more than the lookup. */
  private readonly byObject = new WeakMap<FreshnessKey, Verdict>();
  private readonly byText = new Map<string, Verdict>();

  constructor(readonly question: string) {}

  get size(): number {
    return this.byText.size;
  }

  get(freshnessKey: FreshnessKey): Verdict | undefined {
    const same = this.byObject.get(freshnessKey);
    if (same !== undefined) return same;
    const verdict = this.byText.get(freshnessKeyText(freshnessKey));
    if (verdict !== undefined) this.byObject.set(freshnessKey, verdict);
    return verdict;
  }

  set(freshnessKey: FreshnessKey, verdict: Verdict): void {
    this.byText.set(freshnessKeyText(freshnessKey), verdict);
  }
}

/** Callers decide how long the text of a question is. A longer one is not cached. */
const LONGEST_QUESTION = 4096;

/** The verdicts of the last questions. */
export class VerdictCache {
  private readonly questions = new LRUCache<string, Verdicts>({
    max: 500,
    /** Verdicts of all questions. */
    maxSize: 20_000,
    sizeCalculation: ({ size }) => size + 1,
  });

  of(question: string): Verdicts {
    return this.questions.get(question) ?? new Verdicts(question);
  }

  keep(verdicts: Verdicts, freshnessKey: FreshnessKey, verdict: Verdict): void {
    verdicts.set(freshnessKey, verdict);
    if (verdicts.question.length > LONGEST_QUESTION) return;
    // the cache measures an entry only when it is new
    this.questions.delete(verdicts.question);
    this.questions.set(verdicts.question, verdicts);
  }
}
