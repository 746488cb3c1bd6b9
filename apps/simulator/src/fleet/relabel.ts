/** What a relabelled module says of itself. */
export interface Label {
  readonly name: string;
  readonly vermagic: string;
  readonly srcversion: string;
  /** In hexadecimal, as long as the one that it takes the place of. */
  readonly buildId: string;
}

const SECTION_BYTES = 64;
/** `struct module`'s name, and how long it is. */
const NAME_AT = 24;
const NAME_BYTES = 56;
/** An ELF note: the sizes of its name and its content, its type, and the name `GNU`. */
const NOTE_BYTES = 16;

/**
 * A captured module as somebody else's build: another name, kernel and build-id, the same code and the same declarations.
 *
 * Nothing moves: `.modinfo` keeps its size, and its description and version make room. The result is a module file that the registry parses, for a kernel on
 * which nobody has captured one. No kernel would load it, and it is not meant to be loaded.
 *
 * @param module an ELF64 little-endian module with a build-id
 * @throws Error where what it shall say does not fit
 */
export function relabel(module: Buffer, { name, vermagic, srcversion, buildId }: Label): Buffer {
  const bytes = Buffer.from(module);
  const info = sectionOf(bytes, '.modinfo');
  const kept = info
    .toString('latin1')
    .split('\0')
    .filter((entry) => entry !== '' && !/^(description|version|name|vermagic|srcversion)=/.test(entry));
  const text = [...kept, `srcversion=${srcversion}`, `name=${name}`, `vermagic=${vermagic}`].map((entry) => `${entry}\0`).join('');
  if (text.length > info.length) throw new Error(`${name} for ${vermagic} needs ${text.length} bytes of .modinfo, and there are ${info.length}`);
  info.fill(0).write(text, 'latin1');

  const struct = sectionOf(bytes, '.gnu.linkonce.this_module').subarray(NAME_AT, NAME_AT + NAME_BYTES);
  if (name.length >= NAME_BYTES) throw new Error(`${name} is too long for a module's name`);
  struct.fill(0).write(name, 'latin1');

  const note = sectionOf(bytes, '.note.gnu.build-id').subarray(NOTE_BYTES);
  if (note.length !== buildId.length / 2) throw new Error(`${buildId} does not take the place of ${note.length} bytes`);
  note.write(buildId, 'hex');
  return bytes;
}

/** The bytes of a section, in place. */
function sectionOf(bytes: Buffer, wanted: string): Buffer {
  const table = Number(bytes.readBigUInt64LE(0x28));
  const header = (index: number) => {
    const at = table + index * SECTION_BYTES;
    return { name: bytes.readUInt32LE(at), offset: Number(bytes.readBigUInt64LE(at + 0x18)), size: Number(bytes.readBigUInt64LE(at + 0x20)) };
  };
  const names = header(bytes.readUInt16LE(0x3e));
  for (let index = 0; index < bytes.readUInt16LE(0x3c); index++) {
    const { name, offset, size } = header(index);
    const from = names.offset + name;
    if (bytes.toString('latin1', from, bytes.indexOf(0, from)) === wanted) return bytes.subarray(offset, offset + size);
  }
  throw new Error(`the module has no section ${wanted}`);
}
