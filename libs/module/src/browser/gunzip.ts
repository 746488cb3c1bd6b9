import { Collected } from '../collected.js';
import { ModuleError } from '../error.js';
import { broken } from '../fse.js';

/**
 * A browser unpacks a piece as a whole, to at most 1,032 times its size, before anything counts the result.
 * So a bomb costs 16 MiB more than the limit.
 */
const PIECE = 16 * 1024;

/** As the one for Node.js. */
export async function gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  let at = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, (at += PIECE)));
      },
    },
    { highWaterMark: 0 },
  );
  try {
    return (await new Collected(limit).addAll(source.pipeThrough(new DecompressionStream('gzip')))).whole();
  } catch (error) {
    throw error instanceof ModuleError ? error : broken(`is no gzip file: ${(error as Error).message}`);
  }
}
