import { tooLarge } from '../error.js';

/** Entries that any file may cost. */
const AT_LEAST = 10_000;
/** Bytes of a file for each further one. Real modules have 70 or more for each entry of their declarations. */
const BYTES_FOR_ONE = 16;
const AT_MOST = 500_000;
/** Characters of a text that cost as much as an entry. */
const CHARACTERS = 16;

/**
 * Counts what a hostile file could multiply, by letting many structures point to the same long arrays or texts.
 *
 * The limit grows with the file, so the work for a file is at most proportional to its length.
 */
export class Work {
  private done = 0;
  private readonly allowed: number;

  constructor(fileSize: number) {
    this.allowed = Math.min(AT_LEAST + Math.floor(fileSize / BYTES_FOR_ONE), AT_MOST);
  }

  /** @throws ModuleError `TOO_LARGE` when the file has cost more than a file of its length may. */
  spend(entries: number): void {
    this.done += entries;
    if (this.done > this.allowed) throw tooLarge('entries of the declaration that are read', Math.ceil(this.done), this.allowed);
  }

  spendText(text: string | null): void {
    if (text !== null) this.spend(text.length / CHARACTERS);
  }
}
