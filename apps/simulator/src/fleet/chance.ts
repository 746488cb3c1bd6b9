const fold = (h: number): number => {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
};

/**
 * Which 32 bits belong to this number, for this purpose, under this seed?
 *
 * A mixing function and no generator with a state: the millionth host is computed without the others. For one seed and purpose no two numbers share their bits.
 */
export const bits = (seed: number, purpose: number, n: number): number =>
  fold((n ^ fold(Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca6b))) >>> 0);

/** The same as a number from 0 up to, and without, 1. */
export const unit = (seed: number, purpose: number, n: number): number => bits(seed, purpose, n) / 2 ** 32;

/** Chooses an index by weight, given a number from 0 to 1. */
export function chooser(weights: readonly number[]): (unit: number) => number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const limits = Float64Array.from(weights, (weight) => (sum += weight / total));
  return (at) => {
    let [low, high] = [0, limits.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at < limits[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

const HEX = Array.from({ length: 0x1_0000 }, (_, word) => word.toString(16).padStart(4, '0'));

/** So many 32-bit words in hexadecimal, each of a purpose of its own, from this one on. */
export function hex(seed: number, purpose: number, n: number, words: number): string {
  let text = '';
  for (let word = 0; word < words; word++) {
    const value = bits(seed, purpose + word, n);
    text += HEX[value >>> 16]! + HEX[value & 0xffff]!;
  }
  return text;
}

/** A random-looking UUID (version 4): the same for the same number. Its last byte, by which the registry spreads hosts, is as random as the others. */
export function uuid(seed: number, purpose: number, n: number): string {
  const [a, b, c, d] = [bits(seed, purpose, n), bits(seed, purpose + 1, n), bits(seed, purpose + 2, n), bits(seed, purpose + 3, n)];
  const [version, variant] = [(b & 0x0fff) | 0x4000, ((c >>> 16) & 0x3fff) | 0x8000];
  return `${HEX[a >>> 16]}${HEX[a & 0xffff]}-${HEX[b >>> 16]}-${HEX[version]}-${HEX[variant]}-${HEX[c & 0xffff]}${HEX[d >>> 16]}${HEX[d & 0xffff]}`;
}
