import { RequestError } from '../errors.js';
import type { ReportDraft } from './report-draft.js';

const KIB = 1024;

/** Returns the bytes that a report takes in the database, without what the tables and their indexes add. */
const storedBytes = ({
  situation: { patches, facts },
  labels,
  placed: { detail, carried },
}: ReportDraft): number =>
  Buffer.byteLength(JSON.stringify([patches, facts, labels, detail, carried], plain));

const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** Refuses a report that takes more room than a host has; null if it does not. */
export function refuseLarge(draft: ReportDraft, hostKib: number): RequestError | null {
  const kib = Math.ceil(storedBytes(draft) / KIB);
  if (kib <= hostKib) return null;
  return new RequestError(
    'TOO_LARGE',
    `what is stored of host ${draft.placed.hostId} would take ${kib} KiB; the limit is ${hostKib} KiB ` +
      '(KLPREG_INGEST_HOST_KIB of the registry)',
  );
}
