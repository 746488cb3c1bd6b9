import { canonicalJson, sha256 } from '@klpreg/wire';
import { LRUCache } from 'lru-cache';

/** The id of a content: the first 128 bits of its SHA-256, as a UUID (version 8). */
function contentId(content: unknown): string {
  const hex = sha256(canonicalJson(content));
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Ids of contents, memoized by their JSON text: the same contents come again and again. */
export class ContentIds {
  private readonly known: LRUCache<string, string>;

  /**
   * @param max number of texts that are kept
   * @param maxSize characters of all texts that are kept; a text longer than a hundredth of it is not kept
   */
  constructor(max: number, maxSize = 16 * 2 ** 20) {
    this.known = new LRUCache({
      max,
      maxSize,
      maxEntrySize: Math.floor(maxSize / 100),
      sizeCalculation: (_, text) => text.length,
    });
  }

  of(content: unknown): string {
    const text = JSON.stringify(content);
    const known = this.known.get(text) ?? contentId(content);
    this.known.set(text, known);
    return known;
  }
}
