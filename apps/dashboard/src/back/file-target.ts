import { BACK } from '../texts/back.js';

/** A patch that is not published, from a file of the person. */
export interface FileTarget {
  readonly name: string;
  /** As JSON. */
  readonly manifest: string;
}

/** Reads a livepatch module or a manifest. The reader of modules is loaded for the first module. */
export async function readFileTarget(file: File): Promise<FileTarget | { readonly wrong: string }> {
  if (file.name.endsWith('.json')) {
    const manifest = await file.text();
    return isJson(manifest) ? { name: file.name, manifest } : { wrong: BACK.file.noJson(file.name) };
  }
  const { readModuleFile, ModuleFileError } = await import('../module-file/read-module-file.js');
  try {
    const { manifest } = await readModuleFile(file);
    return { name: file.name, manifest };
  } catch (error) {
    if (error instanceof ModuleFileError) return { wrong: error.message };
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
