import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// cspell:ignore extfile

const OPENSSL = 'openssl';

/** A certificate and its key, as files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** How a certificate differs from a valid one of the address 127.0.0.1. */
export interface LeafOptions {
  /** As in the configuration of openssl. */
  readonly subjectAltName?: string;
  /** A negative number: it has expired. */
  readonly days?: number;
}

/** Makes certificates below a temporary folder, by openssl. */
export class Certificates {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'klpreg-tls-'));
  private serial = 1;

  at(name: string): string {
    return path.join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** A CA of this name. @param subject its name in certificates, if that differs */
  ca(name: string, subject = name): CertificateFiles {
    this.openssl(
      `req -x509 -newkey ed25519 -nodes -keyout ${name}.key -out ${name}.pem -subj /CN=${subject} -days 2 ` +
        '-addext basicConstraints=critical,CA:TRUE',
    );
    return this.files(name);
  }

  /** A certificate by this CA. */
  leaf(
    name: string,
    ca: string,
    { subjectAltName = 'IP:127.0.0.1', days = 2 }: LeafOptions = {},
  ): CertificateFiles {
    this.openssl(`req -newkey ed25519 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
    writeFileSync(this.at('san'), `subjectAltName=${subjectAltName}\n`);
    this.openssl(
      `x509 -req -in ${name}.csr -out ${name}.pem -CA ${ca}.pem ` +
        `-CAkey ${ca}.key -days ${days} -extfile san ` +
        `-set_serial ${this.serial++}`,
    );
    return this.files(name);
  }

  private openssl(words: string): void {
    execFileSync(OPENSSL, words.split(' '), { cwd: this.folder, stdio: 'ignore' });
  }

  private files(name: string): CertificateFiles {
    chmodSync(this.at(`${name}.key`), 0o600);
    return { certificate: this.at(`${name}.pem`), key: this.at(`${name}.key`) };
  }
}
