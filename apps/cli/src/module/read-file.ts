import { readFile } from 'node:fs/promises';
import type { ModuleReading } from '@klpreg/module';

/** A parsed module file, or why it cannot be read. */
export type ModuleFile =
  | { readonly bytes: Uint8Array; readonly reading: ModuleReading; readonly error: null }
  | {
      readonly bytes: null;
      readonly reading: null;
      readonly error: { readonly code: string; readonly message: string };
    };

/** Reads and parses one module file. An unreadable file is a result, not an exception. */
export async function readFileAsModule(path: string): Promise<ModuleFile> {
  // most commands read no module
  const { ModuleError, openModule } = await import('@klpreg/module');
  try {
    const bytes = await readFile(path);
    return { bytes, reading: await openModule(bytes), error: null };
  } catch (error) {
    if (error instanceof ModuleError) return failed(error.code, error.message);
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    return failed(code, message);
  }
}

const failed = (code: string, message: string): ModuleFile => ({
  bytes: null,
  reading: null,
  error: { code, message },
});
