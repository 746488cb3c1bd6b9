import type { TLSSocket } from 'node:tls';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { boundedCache } from '../bounded-cache.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { HostCredentialsStore } from '../store/access/host-credentials.store.js';
import { HostCredentials } from './host-credentials.js';

/** A client certificate that names a host. */
interface HostCertificate {
  readonly instance: string;
  readonly expiresAt: number;
}

/** Hosts whose state is kept: about 140 bytes each, 28 MiB at most. One that is forgotten is read again. */
const KEPT_HOSTS = 200_000;
/** How long a refusal is kept: an admin may approve the host, or it enrols with another token. */
const REFUSAL_MS = 2_000;

const HOST_URI = /^URI:urn:klpreg:host:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/**
 * Returns the instance that a certificate names by the URI `urn:klpreg:host:INSTANCE`. Null if it names none,
 * or several.
 *
 * @param names as Node.js writes them, such as `DNS:web-1, URI:urn:klpreg:host:…`
 */
export function instanceIn(names: string | undefined): string | null {
  // Node.js quotes a name that has a comma: it could otherwise look like two names
  if (names === undefined || names.includes('"')) return null;
  const found = names.split(', ').flatMap((name) => HOST_URI.exec(name)?.[1]?.toLowerCase() ?? []);
  return found.length === 1 ? found[0]! : null;
}

/**
 * Client certificates that are the credentials of hosts. TLS has checked them against the client CA.
 *
 * That a host may send is read once, and again after its credentials were revoked or reset. A refusal is read
 * again after two seconds.
 */
@Injectable()
export class HostCertificates {
  private readonly ofSockets = new WeakMap<object, HostCertificate | null>();
  private readonly refused = boundedCache<boolean>(KEPT_HOSTS);

  constructor(
    private readonly hosts: HostCredentialsStore,
    private readonly credentials: HostCredentials,
    private readonly clock: Clock,
  ) {
    credentials.onRevoked((subject) => {
      if (subject === null) this.refused.clear();
      else this.refused.delete(subject);
    });
  }

  /**
   * Returns the host that the client certificate of the connection names; null: none.
   *
   * @throws RequestError UNAUTHENTICATED if the certificate expired since the connection began
   */
  hostOf(request: FastifyRequest): string | null {
    const certificate = this.find(request);
    if (certificate === null) return null;
    if (certificate.expiresAt <= this.clock.now().getTime())
      throw refusal(certificate.instance, 'has expired: connect with the next one');
    return certificate.instance;
  }

  /** Whether `check` needs no lookup for this connection; true without a certificate of a host. */
  isKnown(request: FastifyRequest): boolean {
    const certificate = this.find(request);
    return certificate === null || this.refused.has(certificate.instance);
  }

  private find({ raw: { socket } }: FastifyRequest): HostCertificate | null {
    let certificate = this.ofSockets.get(socket);
    if (certificate === undefined) {
      certificate = certificateOf(socket as TLSSocket);
      this.ofSockets.set(socket, certificate);
    }
    return certificate;
  }

  /**
   * Refuses a host whose credentials were revoked. A promise only if that is not known yet.
   *
   * @throws RequestError UNAUTHENTICATED
   */
  check(instance: string): void | Promise<void> {
    const refused = this.refused.get(instance);
    if (refused === undefined) return this.read(instance).then((found) => refuseIf(found, instance));
    refuseIf(refused, instance);
  }

  private async read(instance: string): Promise<boolean> {
    const { revision } = this.credentials;
    const refused = await this.hosts.isRefused(instance);
    // a revocation that came in between may be newer than what was read
    if (this.credentials.revision === revision)
      this.refused.set(instance, refused, { ttl: refused ? REFUSAL_MS : 0 });
    return refused;
  }
}

function certificateOf(socket: TLSSocket): HostCertificate | null {
  // undefined without TLS
  if (!socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  const instance = instanceIn(certificate?.subjectAltName);
  return instance === null ? null : { instance, expiresAt: Date.parse(certificate!.validTo) };
}

function refuseIf(refused: boolean, instance: string): void {
  if (!refused) return;
  throw refusal(
    instance,
    'is refused: an admin ended the credentials of this host, or has not approved its enrolment',
  );
}

const refusal = (instance: string, why: string): RequestError =>
  new RequestError('UNAUTHENTICATED', `the client certificate of host ${instance} ${why}`);
