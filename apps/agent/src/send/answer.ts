import { Failure } from '../failure.js';

/** What the registry says to a message that it took. */
export interface Answer {
  /** Of a report: STORED, UNCHANGED, REPEATED, SUPERSEDED. Of a heartbeat: CONFIRMED, REPORT_WANTED, SUPERSEDED. Later ones may be added. */
  readonly outcome: string;
  readonly reason: string | null;
  /** How often it wants to hear of us; null where it does not say. */
  readonly intervalSeconds: number | null;
}

const printable = (value: unknown): string =>
  (typeof value === 'string' || typeof value === 'number' ? String(value) : '').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, 300);

/** @returns null where the text is no JSON object */
function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/**
 * What does a 2xx answer say?
 *
 * @throws Failure UNREACHABLE where a registry does not answer like this: something else listens there, and nothing was stored
 */
export function readAnswer(url: string, text: string): Answer {
  const { outcome, reason, intervalSeconds } = parseObject(text) ?? {};
  if (typeof outcome !== 'string' || !/^[A-Z_]{1,40}$/.test(outcome))
    throw new Failure('UNREACHABLE', `${url}: what answers there is not a registry (no outcome in its answer)`);
  return {
    outcome,
    reason: printable(reason) || null,
    intervalSeconds: typeof intervalSeconds === 'number' && intervalSeconds > 0 && intervalSeconds < 1e6 ? Math.ceil(intervalSeconds) : null,
  };
}

/**
 * What does a problem say, for people?
 *
 * RFC 9457; one line for each field that was wrong.
 */
export function readProblem(status: number, text: string): string {
  const problem = parseObject(text) ?? {};
  const head = [`${status}`, printable(problem['code']), printable(problem['title'])].filter((part) => part !== '').join(' ');
  const detail = printable(problem['detail']);
  const errors = Array.isArray(problem['errors']) ? problem['errors'].slice(0, 20) : [];
  const lines = errors.map((error: unknown) => {
    const { pointer, detail: why, found } = (error ?? {}) as Record<string, unknown>;
    return `\n  ${printable(pointer) || '/'}: ${printable(why)}${found === undefined ? '' : ` (found ${printable(found) || printable(JSON.stringify(found))})`}`;
  });
  return `${head}${detail === '' ? '' : `: ${detail}`}${lines.join('')}`;
}
