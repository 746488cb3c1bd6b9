import { manifestOf, MAX_MODULE, ModuleError, type ModuleReading, openModule } from '@klpreg/module';
import { MODULE_FILE } from '../texts/module-file.js';

/** A module file that a person chose, as a target of a question. */
export interface ModuleFile {
  /** The name of the loaded module. */
  readonly name: string;
  readonly buildId: string;
  readonly kernelRelease: string;
  /** For `TargetInput.manifest`. */
  readonly manifest: string;
  readonly summary: {
    readonly arch: string;
    /** Null if it cannot be read. */
    readonly replace: boolean | null;
    /** Null if they cannot be read. */
    readonly states: readonly { readonly id: string; readonly version: number }[] | null;
    readonly impact: ModuleReading['impact'];
    readonly functions: number;
    readonly signed: boolean;
  };
}

/** A file that cannot be used. Its message is for the person. */
export class ModuleFileError extends Error {
  override readonly name = 'ModuleFileError';
}

/** The registry's limit for the manifest of a question. */
const MAX_CHARACTERS = 128 * 1024;
/** The owner and the release of a module that is not published, as klpreg has them. */
const NOT_PUBLISHED = 'unpublished';

/**
 * Reads a module file in the page. Import this file when a person chooses one: it is large.
 *
 * @throws ModuleFileError
 */
export async function readModuleFile(file: File): Promise<ModuleFile> {
  if (file.size > MAX_MODULE)
    throw new ModuleFileError(
      MODULE_FILE.tooLarge(`${file.size} bytes found, at most ${MAX_MODULE} allowed`),
    );
  const reading = await openModule(new Uint8Array(await file.arrayBuffer())).catch((error: unknown) => {
    throw error instanceof ModuleError ? explained(error) : error;
  });
  if (!reading.livepatch) throw new ModuleFileError(MODULE_FILE.notALivepatch);
  const { buildId, signed } = reading;
  if (buildId === null) throw new ModuleFileError(MODULE_FILE.noBuildId);
  const document = manifestOf(reading, { release: NOT_PUBLISHED, owner: NOT_PUBLISHED });
  const manifest = JSON.stringify(document);
  if (manifest.length > MAX_CHARACTERS) throw new ModuleFileError(MODULE_FILE.manifestTooLarge);
  const { name, kernelRelease, arch, replace, states, impact, objects } = document.facts;
  const functions = objects.reduce((sum, object) => sum + object.functions.length, 0);
  return {
    name,
    buildId,
    kernelRelease,
    manifest,
    summary: { arch, replace, states, impact, functions, signed },
  };
}

function explained({ code, message }: ModuleError): ModuleFileError {
  switch (code) {
    case 'TOO_LARGE':
      return new ModuleFileError(MODULE_FILE.tooLarge(message));
    case 'UNSUPPORTED_ARCH':
      return new ModuleFileError(MODULE_FILE.unsupported(message));
    case 'NOT_ELF':
    case 'NOT_ELF64':
    case 'NOT_RELOCATABLE':
    case 'NOT_A_MODULE':
      return new ModuleFileError(MODULE_FILE.notAModule);
    default:
      return new ModuleFileError(MODULE_FILE.damaged(message));
  }
}
