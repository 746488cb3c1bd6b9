/** Why a TLS connection failed, and what to do next. */
export interface CertificateProblem {
  readonly what: string;
  readonly next: string;
}

const UNKNOWN_CA: CertificateProblem = {
  what: 'its certificate is not of a CA that this program trusts',
  next:
    'if the CA is your own, name its certificate: --ca-file FILE, ' +
    'KLPREG_CA_FILE, or ca_file in the configuration',
};
const NO_CLIENT_CERTIFICATE: CertificateProblem = {
  what: 'it does not accept this program without a client certificate that its CA signed',
  next:
    'name one and its key (cert_file and key_file in the configuration of the agent), ' +
    'or let the server take it as optional: KLPREG_TLS_CLIENT_CERT=optional',
};

const NO_TLS: CertificateProblem = {
  what: 'the server there does not speak TLS',
  next: 'write http:// in the URL, or the port at which it speaks TLS',
};

/** By the code of the error, as Node.js and OpenSSL name it. */
const PROBLEMS: Readonly<Record<string, CertificateProblem>> = {
  CERT_HAS_EXPIRED: {
    what: 'its certificate, or that of its CA, has expired',
    next: 'renew the certificate of the registry; if it is valid, the clock of this machine is wrong',
  },
  CERT_NOT_YET_VALID: {
    what: 'its certificate is not valid yet',
    next: 'check the clock of this machine',
  },
  CERT_REVOKED: { what: 'its certificate was revoked', next: 'renew the certificate of the registry' },
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  CERT_UNTRUSTED: UNKNOWN_CA,
  INVALID_CA: UNKNOWN_CA,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: NO_CLIENT_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: NO_CLIENT_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NO_CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: NO_CLIENT_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: {
    what: 'the client certificate of this program has expired',
    next: 'renew the file that cert_file names',
  },
};

/** Explains an error of TLS. Null for any other error. */
export function certificateProblem(error: unknown): CertificateProblem | null {
  const { code, reason, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof code !== 'string') return null;
  // Node.js gives this code to some errors of OpenSSL, whose own text is in the message
  if (code === 'EPROTO' && /wrong version number|packet length too long/.test(String(message))) return NO_TLS;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      what: `its certificate is of another host name${typeof reason === 'string' ? ` (${reason})` : ''}`,
      next:
        'write a host name of the certificate in the URL, or give ' +
        'the registry a certificate of this name',
    };
  const problem = PROBLEMS[code];
  return problem === undefined ? null : { ...problem, what: `${problem.what} (${code})` };
}
