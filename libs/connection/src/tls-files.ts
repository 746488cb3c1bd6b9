import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { configurationObjection, secretObjection } from './file-objections.js';

/** The files of TLS in PEM. Null: not set. */
export interface TlsFiles {
  /** The CA of the registry, and no other. Null: those that Node.js trusts. */
  readonly caFile: string | null;
  /** The client certificate of this program, and those between it and its CA. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Options of `node:https`. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * A file cannot be used. The message names its setting as in a configuration file, the file, and what to do.
 */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

type Setting = 'ca_file' | 'cert_file' | 'key_file';

/**
 * Reads the files of TLS.
 *
 * @throws FileProblem
 */
export function readTlsFiles({ caFile: ca, certFile: cert, keyFile: key }: TlsFiles): TlsOptions {
  if ((cert === null) !== (key === null))
    throw new FileProblem('cert_file, key_file: a client certificate needs both files, its own and its key');
  return {
    ...(ca !== null && { ca: readCa(ca) }),
    ...(cert !== null && key !== null && readPair(cert, key)),
  };
}

function readCa(file: string): string {
  const text = read('ca_file', file);
  const objection = configurationObjection(file);
  if (objection !== null) throw new FileProblem(`ca_file: ${file}: ${objection}`);
  const certificates = certificatesIn('ca_file', file, text);
  if (certificates.every(({ validTo }) => Date.parse(validTo) < Date.now()))
    throw new FileProblem(
      `ca_file: ${file}: expired on ${new Date(certificates[0]!.validTo).toISOString().slice(0, 10)}; ` +
        'put the current certificate of the CA there',
    );
  return text;
}

function readPair(certFile: string, keyFile: string): Pick<TlsOptions, 'cert' | 'key'> {
  const cert = read('cert_file', certFile);
  const [leaf] = certificatesIn('cert_file', certFile, cert);
  const key = read('key_file', keyFile);
  const objection = secretObjection(keyFile);
  if (objection !== null) throw new FileProblem(`key_file: ${keyFile}: ${objection}`);
  if (!isKeyOf(leaf!, key, keyFile))
    throw new FileProblem(
      `key_file: ${keyFile}: is not the key of ${certFile}; name the two that belong together`,
    );
  return { cert, key };
}

function isKeyOf(certificate: X509Certificate, key: string, file: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    // the parser's message may quote the key
    throw new FileProblem(`key_file: ${file}: is not a private key in PEM without a passphrase`);
  }
}

function read(setting: Setting, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FileProblem(`${setting}: ${file} cannot be read: ${(error as Error).message}`);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(setting: Setting, file: string, text: string): X509Certificate[] {
  const found = text.match(CERTIFICATE);
  if (found === null) throw new FileProblem(`${setting}: ${file}: has no certificate in PEM`);
  return found.map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new FileProblem(`${setting}: ${file}: certificate ${index + 1} is damaged; copy the file again`);
    }
  });
}
