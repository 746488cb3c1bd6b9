import { createHash, X509Certificate } from 'node:crypto';
import { checkServerIdentity, type DetailedPeerCertificate } from 'node:tls';

const pinOf = (certificate: X509Certificate): string =>
  createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/** The longest chain that is followed. */
const MAX_DEPTH = 10;

/** Returns true if a certificate of the chain has the public key, and each below it is signed by the next. */
function contains(leaf: DetailedPeerCertificate, pin: string): boolean {
  let certificate = new X509Certificate(leaf.raw);
  for (let [next, depth] = [leaf.issuerCertificate, 0]; depth < MAX_DEPTH; depth += 1) {
    if (pinOf(certificate) === pin) return true;
    // the root is its own issuer
    if (next === undefined || next.raw.equals(certificate.raw)) return false;
    const issuer = new X509Certificate(next.raw);
    // the names of a chain that the peer sends prove nothing
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
    [certificate, next] = [issuer, next.issuerCertificate];
  }
  return false;
}

/**
 * Returns the check of the peer's certificates, in addition to those of TLS: before anything is sent, one of
 * them must have the public key with this SHA-256.
 */
export const checkPinned =
  (pin: string): typeof checkServerIdentity =>
  (hostname, certificate) => {
    const wrong = checkServerIdentity(hostname, certificate);
    if (wrong !== undefined) return wrong;
    if (contains(certificate as DetailedPeerCertificate, pin)) return undefined;
    const message = 'no certificate of this server has the public key that the enrolment token names';
    return Object.assign(new Error(message), { code: 'ERR_PIN_MISMATCH' });
  };
