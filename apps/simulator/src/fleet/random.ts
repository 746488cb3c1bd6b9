/** The finaliser of a 32-bit hash: a bijection in which each input bit affects every output bit. */
const mix = (h: number): number => {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
};

/**
 * Returns 32 pseudo-random bits for a number, a purpose and a seed.
 *
 * This is a counter-based generator without state: the millionth host is computed without the others.
 * For one seed and purpose, two different numbers never have the same bits.
 */
export const randomBits = (seed: number, purpose: number, n: number): number =>
  mix((n ^ mix(Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca6b))) >>> 0);

/** Returns a pseudo-random number in the interval [0, 1). */
export const randomUnit = (seed: number, purpose: number, n: number): number =>
  randomBits(seed, purpose, n) / 2 ** 32;

/** Makes a function that maps a number in [0, 1) to an index, with the given weights. */
export function weightedChooser(weights: readonly number[]): (unit: number) => number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const limits = Float64Array.from(weights, (weight) => (sum += weight / total));
  return (unit) => {
    let [low, high] = [0, limits.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (unit < limits[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

const HEX = Array.from({ length: 0x1_0000 }, (_, word) => word.toString(16).padStart(4, '0'));

/** Returns the given number of 32-bit words in hexadecimal. Word `i` uses the purpose `purpose + i`. */
export function randomHex(seed: number, purpose: number, n: number, words: number): string {
  let text = '';
  for (let word = 0; word < words; word++) {
    const value = randomBits(seed, purpose + word, n);
    text += HEX[value >>> 16]! + HEX[value & 0xffff]!;
  }
  return text;
}

/**
 * Returns a UUID of version 4, which depends on the arguments only.
 *
 * The registry assigns hosts to buckets by the last byte, which is as random as the others.
 */
export function randomUuid(seed: number, purpose: number, n: number): string {
  const word = (index: number): number => randomBits(seed, purpose + index, n);
  const [a, b, c, d] = [word(0), word(1), word(2), word(3)];
  const [version, variant] = [(b & 0x0fff) | 0x4000, ((c >>> 16) & 0x3fff) | 0x8000];
  const start = `${HEX[a >>> 16]}${HEX[a & 0xffff]}-${HEX[b >>> 16]}-${HEX[version]}-${HEX[variant]}`;
  return `${start}-${HEX[c & 0xffff]}${HEX[d >>> 16]}${HEX[d & 0xffff]}`;
}
