import { contentDigest, Heartbeat, Report } from '@klpreg/wire';
import { RequestError } from '../errors.js';
import { emptyBody, invalidJson, refuseLargeJson, splitBatch } from '../json-size.js';
import { BODY_LIMITS } from '../limits.js';
import { parse, type ParseOptions } from './parse.js';

/** The kinds of messages that agents send, by the name of their endpoint. */
export interface Messages {
  readonly reports: Report;
  readonly heartbeats: Heartbeat;
}
export type Kind = keyof Messages;

const CHECKS: { readonly [K in Kind]: (message: unknown, options: ParseOptions) => Messages[K] } = {
  reports: checkReport,
  heartbeats: (message, options) => parse(Heartbeat, message, 'heartbeat', options),
};
const MAX_BYTES: Record<Kind, number> = { reports: BODY_LIMITS.report, heartbeats: BODY_LIMITS.heartbeat };

function checkReport(message: unknown, options: ParseOptions): Report {
  const report = parse(Report, message, 'report', options);
  const digest = contentDigest(message as Record<string, unknown>);
  if (digest === report.digest) return report;
  throw new RequestError('BAD_USER_INPUT', 'the digest is not that of the content', [
    { pointer: '/digest', detail: `must be the digest of this content, ${digest}`, found: report.digest },
  ]);
}

/** Decodes a body, without its byte order mark. @throws RequestError if it is empty */
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

/** Reads a message. Each limit is checked before the work that it bounds. @throws RequestError */
export function readMessage<K extends Kind>(kind: K, bytes: Uint8Array): Messages[K] {
  const text = textOf(bytes);
  const values = refuseLargeJson(text);
  return CHECKS[kind](parseJson(text), { values });
}

/**
 * Problems that are reported in a batch request. After them, each further wrong message has its first problem
 * only.
 */
const MAX_BATCH_PROBLEMS = 200;

/**
 * Reads the messages of a batch request.
 *
 * @returns a function for each message, which validates it and throws its own RequestError
 * @throws RequestError if the body is not a batch, or not JSON
 */
export function readBatch<K extends Kind>(kind: K, bytes: Uint8Array): (() => Messages[K])[] {
  const items = splitBatch(textOf(bytes), MAX_BYTES[kind]);
  const parsed = items.map((item) =>
    item instanceof RequestError ? item : { message: parseJson(item.text), values: item.elements },
  );
  let problemsLeft = MAX_BATCH_PROBLEMS;
  return parsed.map((item) => () => {
    if (item instanceof RequestError) throw item;
    try {
      return CHECKS[kind](item.message, { values: item.values, firstProblem: problemsLeft <= 0 });
    } catch (error) {
      if (error instanceof RequestError) problemsLeft -= error.problems.length;
      throw error;
    }
  });
}
