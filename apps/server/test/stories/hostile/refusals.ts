import type { Body } from './bodies.js';
import type { Answer, ResultBody } from './listening-registry.js';

/** Checks the refusal of a message that is invalid at this pointer. @returns what is wrong, or null */
export function checkRefusal(result: ResultBody | undefined, pointer: string): string | null {
  const isClear =
    result?.code === 'BAD_USER_INPUT' &&
    result.status === 400 &&
    result.type === 'urn:klpreg:problem:bad-user-input' &&
    result.detail!.length > 10;
  const hasPlace = result?.errors?.some(
    (one) =>
      (one.pointer.startsWith(pointer) || pointer.startsWith(one.pointer)) &&
      one.detail.length > 5 &&
      one.found.length > 0,
  );
  return isClear && hasPlace === true ? null : JSON.stringify(result).slice(0, 300);
}

/** Checks that an outcome matches a regular expression. @returns what is wrong, or null */
export const checkOutcome = (
  { outcome, reason, code, errors }: ResultBody,
  expected: string,
): string | null =>
  new RegExp(`^(?:${expected})$`).test(reason === 'UNKNOWN_HOST' ? reason : (outcome ?? `${code}`)) &&
  (code === undefined || errors?.[0]?.pointer === '/sequence')
    ? null
    : `${outcome} ${reason} ${code}`;

/** Checks the refusal of an unreadable body. @returns what is wrong, or null */
export const checkBodyRefusal = (
  { status, body, bytes }: Answer,
  [, , , expected, code]: Body,
): string | null =>
  status === expected &&
  body.status === expected &&
  body.code === code &&
  body.detail!.length > 10 &&
  bytes < 10_000
    ? null
    : `${status} ${JSON.stringify(body).slice(0, 300)}`;
