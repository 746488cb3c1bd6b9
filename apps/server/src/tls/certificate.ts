import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import { Logger } from '@nestjs/common';
import { ConfigError } from '../config.js';
import { readSecretFile } from '../secret-file.js';
import type { TlsSettings } from './tls-settings.js';

/** How often the files are looked at. */
const LOOK_MS = 10_000;

/**
 * Reads certificate, key and CA.
 *
 * @throws ConfigError if one of them cannot be used, if the key is not that of the certificate, or if others
 * can read it
 */
export function readContext({ certificate, key, clientCa }: TlsSettings): SecureContextOptions {
  const context: SecureContextOptions = {
    cert: read('KLPREG_TLS_CERT', certificate),
    key: readSecretFile('KLPREG_TLS_KEY', key),
    ...(clientCa !== null && { ca: read('KLPREG_TLS_CLIENT_CA', clientCa) }),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new ConfigError(
      `KLPREG_TLS_CERT, KLPREG_TLS_KEY: ${certificate} and ${key} are not a certificate and its key: ` +
        (error as Error).message,
    );
  }
  return context;
}

function read(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`${setting}: ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Loads certificate and key again when their files change. Connections that are open keep theirs. */
export class CertificateReloader {
  private readonly logger = new Logger('tls');
  private readonly timer: NodeJS.Timeout;
  private seen: string;

  constructor(
    private readonly server: Pick<Server, 'setSecureContext'>,
    private readonly settings: TlsSettings,
  ) {
    this.seen = this.look();
    this.timer = setInterval(() => this.reloadIfChanged(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /**
   * Loads the files. If they cannot be used, as between the replacement of one and of the other, what was
   * loaded before stays in use.
   *
   * @returns whether they are in use now
   */
  reload(): boolean {
    this.seen = this.look();
    try {
      this.server.setSecureContext(readContext(this.settings));
    } catch (error) {
      this.logger.error(`the certificate stays the one that was loaded before: ${(error as Error).message}`);
      return false;
    }
    this.logger.log('certificate and key were loaded again');
    return true;
  }

  /** Reloads if a file was replaced or written since the last time. */
  reloadIfChanged(): void {
    if (this.look() !== this.seen) this.reload();
  }

  private look(): string {
    const { certificate, key, clientCa } = this.settings;
    return JSON.stringify(
      [certificate, key, ...(clientCa === null ? [] : [clientCa])].map((file) => {
        const found = statSync(file, { throwIfNoEntry: false });
        return found === undefined ? null : [found.ino, found.size, found.mtimeMs, found.mode];
      }),
    );
  }
}
