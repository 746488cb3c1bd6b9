import { canonicalJson, sha256 } from '@klpreg/wire';

/** The id of a thing that is its content: the first 128 bits of its SHA-256, in the form of a UUID (version 8). */
function contentId(content: unknown): string {
  const hex = sha256(canonicalJson(content));
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Ids of contents that come again and again: what a text was digested to before is not digested anew. */
export class ContentIds {
  private readonly known = new Map<string, string>();
  private characters = 0;

  /**
   * @param limit of the number that is remembered
   * @param most characters of all texts that are remembered; beyond either limit it starts again from none
   */
  constructor(
    private readonly limit: number,
    private readonly most = 16 * 2 ** 20,
  ) {}

  /** `contentId` of this. */
  of(content: unknown): string {
    const text = JSON.stringify(content);
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const id = contentId(content);
    // one that is long is not common, and would push many others out
    if (text.length > this.most / 100) return id;
    if (this.known.size >= this.limit || this.characters + text.length > this.most) {
      this.known.clear();
      this.characters = 0;
    }
    this.known.set(text, id);
    this.characters += text.length;
    return id;
  }
}

/** Which bucket is this host in? The last byte of its id: the random tail of a UUID. Fixed for ever; a cluster is cut by it. */
export const bucketOf = (hostId: string): number => Number.parseInt(hostId.slice(-2), 16);
