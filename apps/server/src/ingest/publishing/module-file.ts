import { ModuleError, openModule } from '@klpreg/module';
import type { AuthorStatement } from '@klpreg/wire';
import { RequestError } from '../../errors.js';
import type { PatchFacts } from '../../store/catalog/patches.store.js';
import { factsOfFile } from './patch-facts.js';

/** The contents of an uploaded module file and of its author statement. */
export interface UploadedFacts {
  readonly facts: PatchFacts;
  readonly author: AuthorStatement | null;
}

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const isUncompressed = (file: Uint8Array): boolean => ELF.equals(file.subarray(0, ELF.length));

/**
 * Reads a module file.
 *
 * @throws RequestError if it cannot be read, or is another build
 */
export async function readModuleFile(file: Uint8Array, buildId: string): Promise<PatchFacts> {
  const size = isUncompressed(file) ? file.length : null;
  const reading = await openModule(file).catch((error: unknown) => {
    if (error instanceof ModuleError)
      throw new RequestError('MODULE_UNREADABLE', `the module file cannot be read: ${error.message}`);
    throw error;
  });
  if (reading.buildId === null)
    throw new RequestError(
      'MODULE_UNREADABLE',
      'the module has no build-id: nothing could recognise it on a host. Link it with --build-id',
    );
  if (reading.buildId !== buildId)
    throw new RequestError('BAD_USER_INPUT', 'the module is another build', [
      {
        pointer: '/buildId',
        detail: `must be the build-id of the module, ${reading.buildId}`,
        found: buildId,
      },
    ]);
  if (reading.kernelRelease === null)
    throw new RequestError(
      'MODULE_UNREADABLE',
      'the module has no vermagic: it does not say for which kernel it was built',
    );
  return factsOfFile(reading, buildId, reading.kernelRelease, size);
}
