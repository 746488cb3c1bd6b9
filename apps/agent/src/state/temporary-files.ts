import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { listFolder } from '../read/attribute.js';
import { removeFile } from './durable-files.js';

const TEMPORARY = /^\.[0-9a-f-]{36}\.tmp$/;
/** A temporary file in use is renamed or linked within milliseconds. */
const ABANDONED_MS = 3_600_000;

/** Removes temporary files that a killed agent left in these directories at least an hour ago. */
export function removeAbandoned(folders: readonly string[], now = Date.now()): void {
  for (const folder of folders) {
    for (const { name } of listFolder(folder) ?? []) {
      if (!TEMPORARY.test(name)) continue;
      const file = join(folder, name);
      const found = lstatSync(file, { throwIfNoEntry: false });
      if (found !== undefined && now - found.mtimeMs > ABANDONED_MS) removeFile(file);
    }
  }
}
