/** The identity that a rewritten module gets. */
export interface ModuleIdentity {
  readonly name: string;
  readonly vermagic: string;
  readonly srcversion: string;
  /** Hexadecimal, of the same length as the build-id that it replaces. */
  readonly buildId: string;
}

const SECTION_BYTES = 64;
/** Offset and size of `name` in `struct module`. */
const NAME_AT = 24;
const NAME_BYTES = 56;
/** Size of an ELF note's header and of its name, `GNU`. */
const NOTE_BYTES = 16;

/**
 * Returns a copy of a captured module with another name, kernel and build-id, and the same code and
 * declarations.
 *
 * Section sizes stay the same: the new entries of `.modinfo` take the space of its description and version.
 * The registry can parse the result. A kernel would not load it.
 *
 * @param module an ELF64 little-endian module with a build-id
 * @throws Error if a value does not fit
 */
export function rewriteModule(
  module: Buffer,
  { name, vermagic, srcversion, buildId }: ModuleIdentity,
): Buffer {
  const bytes = Buffer.from(module);
  const info = sectionOf(bytes, '.modinfo');
  const kept = info
    .toString('latin1')
    .split('\0')
    .filter((entry) => entry !== '' && !/^(description|version|name|vermagic|srcversion)=/.test(entry));
  const entries = [...kept, `srcversion=${srcversion}`, `name=${name}`, `vermagic=${vermagic}`];
  const text = entries.map((entry) => `${entry}\0`).join('');
  if (text.length > info.length)
    throw new Error(`${name} for ${vermagic}: .modinfo needs ${text.length} bytes and has ${info.length}`);
  info.fill(0).write(text, 'latin1');

  const struct = sectionOf(bytes, '.gnu.linkonce.this_module').subarray(NAME_AT, NAME_AT + NAME_BYTES);
  if (name.length >= NAME_BYTES)
    throw new Error(`${name}: a module name has at most ${NAME_BYTES - 1} bytes`);
  struct.fill(0).write(name, 'latin1');

  const note = sectionOf(bytes, '.note.gnu.build-id').subarray(NOTE_BYTES);
  if (note.length !== buildId.length / 2)
    throw new Error(`${buildId}: the build-id must have ${note.length} bytes`);
  note.write(buildId, 'hex');
  return bytes;
}

/** Returns a view of a section's bytes. */
function sectionOf(bytes: Buffer, wanted: string): Buffer {
  const table = Number(bytes.readBigUInt64LE(0x28));
  const header = (index: number) => {
    const at = table + index * SECTION_BYTES;
    const [offset, size] = [bytes.readBigUInt64LE(at + 0x18), bytes.readBigUInt64LE(at + 0x20)].map(
      Number,
    ) as [number, number];
    return { name: bytes.readUInt32LE(at), offset, size };
  };
  const names = header(bytes.readUInt16LE(0x3e));
  for (let index = 0; index < bytes.readUInt16LE(0x3c); index++) {
    const { name, offset, size } = header(index);
    const from = names.offset + name;
    if (bytes.toString('latin1', from, bytes.indexOf(0, from)) === wanted)
      return bytes.subarray(offset, offset + size);
  }
  throw new Error(`the module has no section ${wanted}`);
}
