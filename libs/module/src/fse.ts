import { ModuleError } from './error.js';

/**
 * A decoding table of zstd's entropy coder: for each state
 * its symbol, how many bits lead on, and from which state.
 */
export interface FseTable {
  readonly accuracy: number;
  readonly symbol: Uint8Array;
  readonly bits: Uint8Array;
  readonly base: Uint16Array;
}

/** The compressed file is none: a reason that fits into "the compressed file …". */
export function broken(how: string): ModuleError {
  return new ModuleError('COMPRESSION_BROKEN', `the compressed file ${how}`);
}

/**
 * Reads the probabilities of the table description at `start`, in parts of 2^accuracy. -1 is "less than one".
 *
 * @see https://datatracker.ietf.org/doc/html/rfc8878#section-4.1.1
 */
export function readProbabilities(
  reader: DataView,
  start: number,
  end: number,
  maxAccuracy: number,
): { accuracy: number; probabilities: number[]; end: number } {
  let position = 0;
  const peek = (width: number) => {
    let value = 0;
    for (let bit = 0; bit < width; bit++) {
      const at = start + ((position + bit) >> 3);
      if (at < end) value |= ((reader.getUint8(at) >> ((position + bit) & 7)) & 1) << bit;
    }
    return value;
  };
  const accuracy = peek(4) + 5;
  if (accuracy > maxAccuracy) throw broken('has a table that is too large');
  position = 4;
  const probabilities: number[] = [];
  for (let remaining = 1 << accuracy; remaining > 0;) {
    const width = 32 - Math.clz32(remaining + 1);
    const low = (1 << (width - 1)) - 1;
    const threshold = (1 << width) - 2 - remaining;
    let value = peek(width);
    if ((value & low) < threshold) {
      position += width - 1;
      value &= low;
    } else {
      position += width;
      if (value > low) value -= threshold;
    }
    probabilities.push(value - 1);
    remaining -= Math.abs(value - 1);
    for (let repeat = value === 1 ? 3 : 0; repeat === 3;) {
      repeat = peek(2);
      position += 2;
      for (let zero = 0; zero < repeat; zero++) probabilities.push(0);
    }
    if (remaining < 0 || probabilities.length > 256 || position > (end - start) * 8)
      throw broken('has a broken table');
  }
  return { accuracy, probabilities, end: start + ((position + 7) >> 3) };
}

/** The decoding table for these probabilities. */
export function buildTable(accuracy: number, probabilities: readonly number[]): FseTable {
  const size = 1 << accuracy;
  const table = {
    accuracy,
    symbol: new Uint8Array(size),
    bits: new Uint8Array(size),
    base: new Uint16Array(size),
  };
  const next = probabilities.map(Math.abs);
  let high = size;
  probabilities.forEach((probability, symbol) => {
    if (probability === -1) table.symbol[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  probabilities.forEach((probability, symbol) => {
    for (let part = 0; part < probability; part++) {
      table.symbol[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  });
  for (let state = 0; state < size; state++) {
    const count = next[table.symbol[state]!]!++;
    table.bits[state] = accuracy - (31 - Math.clz32(count));
    table.base[state] = (count << table.bits[state]!) - size;
  }
  return table;
}

/** The table of one symbol that needs no bits. */
export function singleTable(symbol: number): FseTable {
  return { accuracy: 0, symbol: Uint8Array.of(symbol), bits: new Uint8Array(1), base: new Uint16Array(1) };
}
