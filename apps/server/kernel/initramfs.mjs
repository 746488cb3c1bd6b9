import { gzipSync } from 'node:zlib';

const hex = (number) => number.toString(16).padStart(8, '0').toUpperCase();
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

/**
 * One entry of a cpio archive in the format that the kernel unpacks ("newc",
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 */
function entry(inode, name, mode, bytes, [major, minor] = [0, 0]) {
  const path = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, major, minor, path.length, 0];
  return Buffer.concat([
    padded(Buffer.concat([Buffer.from(`070701${fields.map(hex).join('')}`), path])),
    padded(bytes),
  ]);
}

const EMPTY = Buffer.alloc(0);
const FOLDER = 0o040755;
const PROGRAM = 0o100755;
const CONSOLE = 0o020600;

/**
 * Makes an initial RAM filesystem with one program and some files.
 *
 * @param {Buffer} init the program that the kernel starts
 * @param {ReadonlyMap<string, Buffer>} modules by file name; they are put below `/modules`
 */
export function makeInitramfs(init, modules) {
  const folders = ['dev', 'proc', 'sys', 'modules'].map((name) => [name, FOLDER, EMPTY]);
  const files = [...modules].map(([name, bytes]) => [`modules/${name}`, 0o100644, bytes]);
  const entries = [...folders, ['init', PROGRAM, init], ...files].map(([name, mode, bytes], i) =>
    entry(i + 1, name, mode, bytes),
  );
  entries.push(
    entry(entries.length + 1, 'dev/console', CONSOLE, EMPTY, [5, 1]),
    entry(0, 'TRAILER!!!', 0, EMPTY),
  );
  return gzipSync(Buffer.concat(entries), { level: 1 });
}
