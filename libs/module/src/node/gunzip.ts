import { gunzip as unpack } from 'node:zlib';
import { UNPACKED_BYTES } from '../collected.js';
import { tooLarge } from '../error.js';
import { broken } from '../fse.js';

/**
 * Unpacks a gzip file of at most `limit` bytes.
 *
 * @throws ModuleError `TOO_LARGE` or `COMPRESSION_BROKEN`
 */
export const gunzip = (bytes: Uint8Array, limit: number): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    unpack(bytes, { maxOutputLength: limit }, (error, unpacked) => {
      if (error === null) resolve(new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength));
      else
        reject(
          (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
            ? tooLarge(UNPACKED_BYTES, limit + 1, limit)
            : broken(`is no gzip file: ${error.message}`),
        );
    });
  });
