import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// cspell:ignore extfile

const OPENSSL = 'openssl';

/** A certificate and its key, as files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Makes certificates below a temporary folder, by openssl. */
export class Certificates {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'klpreg-tls-'));

  at(name: string): string {
    return path.join(this.folder, name);
  }

  private openssl(words: string): void {
    execFileSync(OPENSSL, words.split(' '), { cwd: this.folder, stdio: 'ignore' });
  }

  /** A CA of this name. */
  ca(name: string): CertificateFiles {
    this.openssl(
      `req -x509 -newkey ed25519 -nodes -keyout ${name}.key -out ${name}.pem -subj /CN=${name} -days 2 ` +
        '-addext basicConstraints=critical,CA:TRUE',
    );
    return this.files(name);
  }

  /** A certificate by this CA, of the address 127.0.0.1. */
  leaf(name: string, ca: string): CertificateFiles {
    this.openssl(`req -newkey ed25519 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
    writeFileSync(this.at('san'), 'subjectAltName=IP:127.0.0.1\n');
    this.openssl(
      `x509 -req -in ${name}.csr -out ${name}.pem -CA ${ca}.pem -CAkey ${ca}.key -days 2 -extfile san ` +
        `-set_serial ${this.serial++}`,
    );
    return this.files(name);
  }

  private serial = 1;

  private files(name: string): CertificateFiles {
    chmodSync(this.at(`${name}.key`), 0o600);
    return { certificate: this.at(`${name}.pem`), key: this.at(`${name}.key`) };
  }
}
