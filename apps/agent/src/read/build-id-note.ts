/** The lengths of a build-id that the registry accepts, in bytes. Usual linkers write 20. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 64;
const NT_GNU_BUILD_ID = 3;
const HEADER = 12;

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/**
 * Finds the build-id in a section of ELF notes.
 *
 * An ELF note has three 32-bit words (size of the name, size of the content, type), the name `GNU\0`, and the
 * content, each padded to 4 bytes. The first word is 4 in
 * the kernel's byte order. Other notes may precede it.
 *
 * @param note the content of `/sys/module/M/notes/.note.gnu.build-id`
 * @returns lower-case hexadecimal; null if there is no such note
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
      if (
        type === NT_GNU_BUILD_ID &&
        nameSize === 4 &&
        note.toString('latin1', name, name + 4) === 'GNU\0' &&
        size >= MIN_LENGTH &&
        size <= MAX_LENGTH
      )
        return note.toString('hex', content, content + size);
      at = content + padded(size);
    }
  }
  return null;
}
