import { FileProblem, readTlsFiles, type TlsFiles, type TlsOptions } from '@klpreg/connection';
import { Failure } from '../failure.js';

/**
 * Reads the files of TLS for one run.
 *
 * @throws Failure UNREACHABLE, after which `run` tries again: certificate and key are replaced one after the
 * other
 */
export function openTlsFiles(files: TlsFiles): TlsOptions {
  try {
    return readTlsFiles(files);
  } catch (error) {
    throw error instanceof FileProblem ? new Failure('UNREACHABLE', error.message) : error;
  }
}
