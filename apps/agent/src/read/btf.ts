/** Sizes after the 12 bytes of a `btf_type`, by kind: a fixed part, and a part for each of `vlen`. */
const TRAILERS: Record<number, readonly [fixed: number, each: number]> = {
  1: [4, 0], // INT
  2: [0, 0], // PTR
  3: [12, 0], // ARRAY
  4: [0, 12], // STRUCT
  5: [0, 12], // UNION
  6: [0, 8], // ENUM
  7: [0, 0], // FWD
  8: [0, 0], // TYPEDEF
  9: [0, 0], // VOLATILE
  10: [0, 0], // CONST
  11: [0, 0], // RESTRICT
  12: [0, 0], // FUNC
  13: [0, 8], // FUNC_PROTO
  14: [4, 0], // VAR
  15: [0, 12], // DATASEC
  16: [0, 0], // FLOAT
  17: [4, 0], // DECL_TAG
  18: [0, 0], // TYPE_TAG
  19: [0, 12], // ENUM64
};
const STRUCT = 4;
const MAGIC = 0xeb9f;
const MAX_MEMBERS = 64;

/**
 * Returns the field names of a structure from the kernel's BTF.
 *
 * Walks the type section once and checks every offset. An
 * unknown kind is an error, because its size is unknown.
 *
 * @param bytes `/sys/kernel/btf/vmlinux`
 * @returns names in the order of the structure; null if it
 *   does not exist, or if two structures of that name differ
 * @throws RangeError if the bytes are not valid BTF, or have an unknown version or kind
 * @see https://docs.kernel.org/bpf/btf.html
 */
export function structMembers(bytes: Buffer, structure: string): string[] | null {
  if (bytes.length < 24) throw new RangeError('is too short for BTF');
  const little = bytes.readUInt16LE(0) === MAGIC;
  if (!little && bytes.readUInt16BE(0) !== MAGIC)
    throw new RangeError('does not begin with the BTF magic number');
  if (bytes[2] !== 1) throw new RangeError(`is BTF of version ${bytes[2]}; only version 1 is supported`);
  const word = (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));

  const header = word(4);
  const section = (at: number, what: string): Buffer => {
    const [start, size] = [header + word(at), word(at + 4)];
    if (header < 24 || start + size > bytes.length)
      throw new RangeError(`has a ${what} section that reaches beyond the file`);
    return bytes.subarray(start, start + size);
  };
  const types = section(8, 'type');
  const strings = section(16, 'string');
  // There are a hundred thousand types, so this allocates nothing for each of them.
  const view = new DataView(types.buffer, types.byteOffset, types.length);
  const word32 = (at: number) => view.getUint32(at, little);
  const text = (at: number): string => {
    const end = at < strings.length ? strings.indexOf(0, at) : -1;
    if (end < 0) throw new RangeError(`has a name at ${at} that does not end`);
    return strings.toString('latin1', at, end);
  };

  const wanted = Buffer.from(`${structure}\0`, 'latin1');
  let found: string[] | null = null;
  for (let at = 0; at < types.length;) {
    if (at + 12 > types.length) throw new RangeError(`has a type at ${at} that does not end`);
    const name = word32(at);
    const info = word32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    const trailer = TRAILERS[kind];
    if (trailer === undefined) throw new RangeError(`has a type of kind ${kind}, which is unknown`);
    const end = at + 12 + trailer[0] + trailer[1] * count;
    if (end > types.length) throw new RangeError(`has a type at ${at} that does not end`);
    if (
      kind === STRUCT &&
      name < strings.length &&
      strings.subarray(name, name + wanted.length).equals(wanted)
    ) {
      if (count > MAX_MEMBERS) throw new RangeError(`has a struct ${structure} with ${count} fields`);
      const members = Array.from({ length: count }, (_, index) => text(word32(at + 12 + index * 12)));
      // Two source files of the kernel define different structures of this name.
      if (found !== null && found.join() !== members.join()) return null;
      found = members;
    }
    at = end;
  }
  return found;
}
