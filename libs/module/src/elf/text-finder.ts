/**
 * Returns a function that finds a text of ASCII characters in bytes, as `String.indexOf` does. It is
 * Horspool's search, which reads few of the bytes.
 */
export function textFinder(text: string): (bytes: Uint8Array, from: number) => number {
  const wanted = new TextEncoder().encode(text);
  const last = wanted.length - 1;
  /** How far the end of the text moves when this byte is at its end. */
  const skip = new Uint8Array(256).fill(wanted.length);
  for (let index = 0; index < last; index++) skip[wanted[index]!] = last - index;
  return (bytes, from) => {
    for (let end = from + last; end < bytes.length; end += skip[bytes[end]!]!) {
      let index = last;
      while (index >= 0 && bytes[end - last + index] === wanted[index]) index--;
      if (index < 0) return end - last;
    }
    return -1;
  };
}
