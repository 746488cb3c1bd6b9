import { Server, type TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { HEAD_TIMEOUT_MS } from '../limits.js';
import { CertificateReloader, readContext } from './certificate.js';
import type { TlsSettings } from './tls-settings.js';

/**
 * Returns Fastify's options for a server with TLS. They are unchanged if TLS is off.
 *
 * @throws ConfigError if certificate and key cannot be used
 */
export function useTls<Options extends { readonly http: object }>(options: Options, tls: TlsSettings | null) {
  if (tls === null) return options;
  const { http, ...others } = options;
  const https = {
    ...http,
    ...readContext(tls),
    requestCert: tls.clientCa !== null,
    rejectUnauthorized: tls.needsClientCertificate,
    handshakeTimeout: HEAD_TIMEOUT_MS,
  };
  return { ...others, https };
}

/**
 * Refuses client certificates of another CA, and loads certificate and key again when they change or at
 * SIGHUP.
 *
 * Without TLS, SIGHUP ends the process as before.
 */
export function keepCertificate(fastify: FastifyInstance, tls: TlsSettings | null): void {
  const server: unknown = fastify.server;
  if (tls === null || !(server instanceof Server)) return;
  server.on('secureConnection', (socket: TLSSocket) => {
    // also if no certificate is needed, a wrong one is an error
    if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy();
  });
  const reloader = new CertificateReloader(server, tls);
  const reload = (): void => void reloader.reload();
  process.on('SIGHUP', reload);
  fastify.addHook('onClose', async () => {
    process.off('SIGHUP', reload);
    reloader.stop();
  });
}
