import { BACK } from '../texts/back.js';

/** A patch that is not published, from a file of the person. */
export interface FileTarget {
  readonly name: string;
  /** As JSON. */
  readonly manifest: string;
}

/** Reads a manifest. */
export async function readFileTarget(file: File): Promise<FileTarget | { readonly wrong: string }> {
  const text = await file.text();
  try {
    JSON.parse(text);
    return { name: file.name, manifest: text };
  } catch {
    return { wrong: BACK.file.wrong(file.name) };
  }
}
