import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { listFolder } from '../read/attribute.js';
import { removeFile } from './durable-files.js';

const TEMPORARY = /^\.[0-9a-f-]{36}\.tmp$/;
/** A file is renamed or linked within milliseconds after it was made. */
const ABANDONED_MS = 3_600_000;

/** Removes the temporary files that a killed agent left in these folders an hour ago or earlier. */
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
