import { z } from 'zod';

const file = z.string().min(1).optional();

/** The settings as fields of a zod object. */
export const tlsEnvironment = {
  KLPREG_TLS_CERT: file,
  KLPREG_TLS_KEY: file,
  KLPREG_TLS_CLIENT_CA: file,
  KLPREG_TLS_CLIENT_CERT: z
    .enum(['optional', 'required'], { error: 'must be optional or required' })
    .optional(),
};

/** The files of TLS, all in PEM. */
export interface TlsSettings {
  /** The certificate of the server, and those between it and its CA. */
  readonly certificate: string;
  readonly key: string;
  /** The CA of client certificates; null: they are not asked for. */
  readonly clientCa: string | null;
  /** True: a client without a certificate is refused. */
  readonly needsClientCertificate: boolean;
}

type Environment = { readonly [Name in keyof typeof tlsEnvironment]?: string | undefined };

/**
 * Returns the settings of TLS; null if it is off.
 *
 * @param wrong gets a sentence for each setting that is missing
 */
export function toTlsSettings(environment: Environment, wrong: string[]): TlsSettings | null {
  const {
    KLPREG_TLS_CERT: certificate,
    KLPREG_TLS_KEY: key,
    KLPREG_TLS_CLIENT_CA: clientCa,
    KLPREG_TLS_CLIENT_CERT: client,
  } = environment;
  if (client !== undefined && clientCa === undefined)
    wrong.push('KLPREG_TLS_CLIENT_CERT: needs KLPREG_TLS_CLIENT_CA, the CA of the client certificates');
  if (certificate !== undefined && key !== undefined)
    return { certificate, key, clientCa: clientCa ?? null, needsClientCertificate: client === 'required' };
  if (certificate !== undefined || key !== undefined || clientCa !== undefined)
    wrong.push(
      'KLPREG_TLS_CERT, KLPREG_TLS_KEY: TLS needs both files, that of the certificate and that of its key',
    );
  return null;
}
