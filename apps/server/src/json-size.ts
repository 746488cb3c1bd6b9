import { limitExceeded, RequestError } from './errors.js';
import { BATCH_LIMIT, JSON_LIMITS } from './limits.js';

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [ARRAY, END_OF_ARRAY, OBJECT, END_OF_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Returns the end of the string that begins here. */
function endOfString(text: string, begin: number): number {
  for (let at = begin; ;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
}

interface Size {
  /** Nested arrays and objects. */
  readonly depth: number;
  /** Values in arrays and objects. */
  readonly elements: number;
}

interface Item extends Size {
  readonly end: number;
}

/**
 * Measures a JSON text in one pass, without parsing it. It accepts text that is not JSON; the parser refuses
 * that.
 *
 * @param items gets each item of the outermost array
 */
function measure(text: string, items: Item[] | null): Size & { readonly end: number } {
  let [depth, deepest, elements] = [0, 0, 0];
  let [deepestOfItem, before] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (character === ARRAY || character === OBJECT) {
      depth += 1;
      elements += 1;
      if (depth > deepest) deepest = depth;
      if (depth - 1 > deepestOfItem) deepestOfItem = depth - 1;
    } else if (character === COMMA || character === END_OF_ARRAY || character === END_OF_OBJECT) {
      if (character === COMMA) elements += 1;
      else depth -= 1;
      const itemEnds = depth === (character === COMMA ? 1 : 0);
      if (!itemEnds) continue;
      items?.push({ end: at, depth: deepestOfItem, elements: elements - before });
      if (depth === 0) return { depth: deepest, elements, end: at };
      [deepestOfItem, before] = [0, elements];
      if (items !== null && items.length > BATCH_LIMIT) break;
    }
  }
  return { depth: deepest, elements, end: text.length };
}

function refuseSize({ depth, elements }: Size): void {
  if (depth > JSON_LIMITS.depth)
    throw limitExceeded('levels of arrays and objects', JSON_LIMITS.depth, depth);
  if (elements > JSON_LIMITS.elements)
    throw limitExceeded('values in a document', JSON_LIMITS.elements, elements);
}

/**
 * Refuses a JSON text that is too deep or has too many values, before it is parsed.
 *
 * @returns how many values it has
 * @throws RequestError LIMIT_EXCEEDED
 */
export function refuseLargeJson(text: string): number {
  const size = measure(text, null);
  refuseSize(size);
  return size.elements;
}

/** One document of a batch, as text, and the values in it; or why it is not even parsed. */
export type BatchItem = { readonly text: string; readonly elements: number } | RequestError;

/**
 * The documents of a batch, each measured by itself: one that exceeds a limit does not keep the others from
 * being stored.
 *
 * @param largest how many bytes a single document may have
 * @throws RequestError unless it is an array of at most 1000
 */
export function splitBatch(text: string, largest: number): BatchItem[] {
  const begin = text.search(/[^ \t\n\r]/);
  const notOne = (found: string) =>
    new RequestError(
      'BAD_USER_INPUT',
      `a batch is an array of at most ${BATCH_LIMIT} documents, found ${found}`,
    );
  if (begin < 0 || text[begin] !== '[') throw notOne('something else');
  const items: Item[] = [];
  const { end } = measure(text, items);
  if (items.length > BATCH_LIMIT) throw notOne('more of them');
  if (end === text.length || /[^ \t\n\r]/.test(text.slice(end + 1))) throw invalidJson();
  if (items.length === 1 && !/[^ \t\n\r]/.test(text.slice(begin + 1, end))) return [];
  return items.map((item, i) => {
    const document = text.slice(i === 0 ? begin + 1 : items[i - 1]!.end + 1, item.end);
    try {
      if (document.length > largest) throw limitExceeded('bytes in a document', largest, document.length);
      refuseSize(item);
    } catch (error) {
      return error as RequestError;
    }
    return { text: document, elements: item.elements };
  });
}

export const invalidJson = (): RequestError =>
  new RequestError('BAD_USER_INPUT', 'the body is not valid JSON');
export const emptyBody = (): RequestError => new RequestError('BAD_USER_INPUT', 'the body is empty');
