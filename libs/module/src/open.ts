import { readModule } from './read.js';
import type { ModuleReading } from './reading.js';
import { unpackModule } from './unpack.js';

/**
 * Parses a livepatch module file, plain or compressed.
 *
 * @throws ModuleError where it is not a module that can be read.
 */
export async function openModule(bytes: Uint8Array): Promise<ModuleReading> {
  return readModule(await unpackModule(bytes));
}
