import { contentDigest, Heartbeat, Report } from '@klpreg/wire';
import { RequestError } from '../errors.js';
import { emptyBody, invalidJson, refuseLargeJson, splitBatch } from '../json-limits.js';
import { BODY_LIMITS } from '../limits.js';
import { parse } from './parse.js';

/** The kinds of documents that agents send. */
export interface Documents {
  readonly reports: Report;
  readonly heartbeats: Heartbeat;
}
export type Kind = keyof Documents;

const CHECKS: { readonly [K in Kind]: (document: unknown, elements: number) => Documents[K] } = {
  reports: checkReport,
  heartbeats: (document, elements) => parse(Heartbeat, document, 'heartbeat', elements),
};
const LARGEST: Record<Kind, number> = { reports: BODY_LIMITS.report, heartbeats: BODY_LIMITS.heartbeat };

/** The report that this is, whose digest is that of its content. */
function checkReport(document: unknown, elements: number): Report {
  const report = parse(Report, document, 'report', elements);
  const digest = contentDigest(document as Record<string, unknown>);
  if (digest === report.digest) return report;
  throw new RequestError('BAD_USER_INPUT', 'the digest is not that of the content', [
    { pointer: '/digest', detail: `must be the digest of this content, ${digest}`, found: report.digest },
  ]);
}

/** The text of a body. A byte order mark is not part of it. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length === 0) throw emptyBody();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** @throws RequestError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidJson();
  }
}

/**
 * The document that these bytes are.
 *
 * @throws RequestError with what is wrong; a limit is checked before the work that it bounds
 */
export function readDocument<K extends Kind>(kind: K, bytes: Uint8Array): Documents[K] {
  const text = textOf(bytes);
  const elements = refuseLargeJson(text);
  return CHECKS[kind](parseJson(text), elements);
}

/**
 * The documents that these bytes are, each with its own outcome, one by one.
 *
 * @throws RequestError, before the first one, where the whole is no batch or no JSON
 */
export function readBatch<K extends Kind>(kind: K, bytes: Uint8Array): (() => Documents[K])[] {
  const items = splitBatch(textOf(bytes), LARGEST[kind]);
  const parsed = items.map((item) => (item instanceof RequestError ? item : { document: parseJson(item.text), elements: item.elements }));
  return parsed.map((item) => () => {
    if (item instanceof RequestError) throw item;
    return CHECKS[kind](item.document, item.elements);
  });
}
