/** A build-id is 20 bytes with every usual linker; these are the lengths that the registry takes. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 64;
const NT_GNU_BUILD_ID = 3;
const HEADER = 12;

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/**
 * Which build-id does this note section hold?
 *
 * An ELF note is three 32-bit words (size of the name, size of the content, type), the name `GNU\0`, and the content, each padded to 4 bytes, in the byte order
 * of the kernel: told by the first word, which is 4 in one of the two orders. The section may hold other notes before it.
 *
 * @param note what `/sys/module/M/notes/.note.gnu.build-id` holds
 * @returns lower-case hexadecimal; null where the bytes are no such note
 * @see elf(5), "Notes (Nhdr)"
 */
export function buildIdOf(note: Buffer): string | null {
  for (const little of [true, false]) {
    const word = (at: number) => (little ? note.readUInt32LE(at) : note.readUInt32BE(at));
    for (let at = 0; at + HEADER <= note.length;) {
      const [nameSize, size, type] = [word(at), word(at + 4), word(at + 8)];
      const name = at + HEADER;
      const content = name + padded(nameSize);
      if (content + size > note.length) break;
      if (type === NT_GNU_BUILD_ID && nameSize === 4 && note.toString('latin1', name, name + 4) === 'GNU\0' && size >= MIN_LENGTH && size <= MAX_LENGTH)
        return note.toString('hex', content, content + size);
      at = content + padded(size);
    }
  }
  return null;
}
