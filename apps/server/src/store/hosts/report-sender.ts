/** Who sent a report: the host by its credential or certificate, or a token that sends for hosts. */
export type ReportSender =
  | { readonly kind: 'HOST'; readonly token: null }
  | { readonly kind: 'TOKEN'; readonly token: string };

const HOST = 'host';
const TOKEN = 'token ';

/**
 * The column `sent_by`.
 *
 * @param token the name of the token; null: the host itself sent it
 */
export const writeSender = (token: string | null): string => (token === null ? HOST : `${TOKEN}${token}`);

export function readSender(written: string | null): ReportSender | null {
  if (written === null) return null;
  return written === HOST
    ? { kind: 'HOST', token: null }
    : { kind: 'TOKEN', token: written.slice(TOKEN.length) };
}
