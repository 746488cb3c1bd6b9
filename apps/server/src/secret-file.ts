import { readFileSync } from 'node:fs';
import { secretObjection } from '@klpreg/connection';
import { ConfigError } from './config.js';

/**
 * Reads a file with a secret.
 *
 * @param setting the setting that names the file
 * @throws ConfigError if it cannot be read, or other users can read or change it
 */
export function readSecretFile(setting: string, file: string): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw new ConfigError(`${setting}: ${file} cannot be read: ${(error as Error).message}`);
  }
  const objection = secretObjection(file);
  if (objection !== null) throw new ConfigError(`${setting}: ${file}: ${objection}`);
  return content;
}
