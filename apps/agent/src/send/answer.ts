import { Failure } from '../failure.js';

/** The registry's answer to an accepted message. */
export interface Answer {
  /**
   * Report: STORED, UNCHANGED, REPEATED, SUPERSEDED. Heartbeat:
   * CONFIRMED, REPORT_WANTED, SUPERSEDED. More may be added.
   */
  readonly outcome: string;
  readonly reason: string | null;
  /** The interval that it asks for. Null if it gives none. */
  readonly intervalSeconds: number | null;
}

const printable = (value: unknown): string =>
  (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?')
    .slice(0, 300);

/** Parses a JSON object. Null if the text is not one. */
function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/**
 * Parses a 2xx answer.
 *
 * @throws Failure UNREACHABLE if it is not a registry's:
 *   another program listens there, and nothing was stored
 */
export function readAnswer(url: string, text: string): Answer {
  const { outcome, reason, intervalSeconds } = parseObject(text) ?? {};
  if (typeof outcome !== 'string' || !/^[A-Z_]{1,40}$/.test(outcome))
    throw new Failure('UNREACHABLE', `${url}: the server there is not a registry (no outcome in its answer)`);
  return {
    outcome,
    reason: printable(reason) || null,
    intervalSeconds:
      typeof intervalSeconds === 'number' && intervalSeconds > 0 && intervalSeconds < 1e6
        ? Math.ceil(intervalSeconds)
        : null,
  };
}

/** Returns the code of problem details. Null if it has none. */
export const problemCode = (text: string): string | null => printable(parseObject(text)?.['code']) || null;

/**
 * Formats problem details (RFC 9457), with one line for each invalid field.
 */
export function readProblem(status: number, text: string): string {
  const problem = parseObject(text) ?? {};
  const head = [`${status}`, printable(problem['code']), printable(problem['title'])]
    .filter((part) => part !== '')
    .join(' ');
  const detail = printable(problem['detail']);
  const errors = Array.isArray(problem['errors']) ? problem['errors'].slice(0, 20) : [];
  const lines = errors.map((error: unknown) => {
    const { pointer, detail: why, found } = (error ?? {}) as Record<string, unknown>;
    return (
      `\n  ${printable(pointer) || '/'}: ` +
      `${printable(why)}${found === undefined ? '' : ` (found ${printable(found) || printable(JSON.stringify(found))})`}`
    );
  });
  return `${head}${detail === '' ? '' : `: ${detail}`}${lines.join('')}`;
}
