import { tooLarge } from '../error.js';

/** The number of entries that any file may have. */
const MIN_ENTRIES = 10_000;
/**
 * Bytes of a file for each further one. Real modules have 70 or more for each entry of their declarations.
 */
const BYTES_FOR_ENTRY = 16;
const MAX_ENTRIES = 500_000;
/** The number of characters that cost as much as an entry. */
const CHARACTERS_FOR_ENTRY = 16;

/**
 * The work budget of one file. A hostile file could let
 * many structures point to the same long arrays or texts.
 *
 * The budget grows with the file, so the work is at most proportional to its length.
 */
export class WorkBudget {
  private done = 0;
  private readonly allowed: number;

  constructor(fileSize: number) {
    this.allowed = Math.min(MIN_ENTRIES + Math.floor(fileSize / BYTES_FOR_ENTRY), MAX_ENTRIES);
  }

  /** @throws ModuleError `TOO_LARGE` if the budget is used up */
  consume(entries: number): void {
    this.done += entries;
    if (this.done > this.allowed)
      throw tooLarge('entries of the declaration that are read', Math.ceil(this.done), this.allowed);
  }

  consumeText(text: string | null): void {
    if (text !== null) this.consume(text.length / CHARACTERS_FOR_ENTRY);
  }
}
