import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from './config.js';

/** Read or write by every user, or write by the group. */
const EXPOSED = 0o026;

/**
 * Reads a file with a secret.
 *
 * @param setting the setting that names the file
 * @throws ConfigError if it cannot be read, or other users can read or change it
 */
export function readSecretFile(setting: string, file: string): Buffer {
  try {
    const { mode } = statSync(file);
    if ((mode & EXPOSED) !== 0)
      throw new ConfigError(
        `${setting}: other users can read or change ${file} (mode ${(mode & 0o777).toString(8)}): ` +
          `run chmod 600 ${file}`,
      );
    return readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${setting}: ${file} cannot be read: ${(error as Error).message}`);
  }
}
