import type { Body } from './bodies.js';
import type { Answer, Told } from './door.js';

/** What is wrong with the refusal of a document that is wrong there? Null: nothing. */
export function amiss(told: Told | undefined, pointer: string): string | null {
  const clear =
    told?.code === 'BAD_USER_INPUT' &&
    told.status === 400 &&
    told.type === 'urn:klpreg:problem:bad-user-input' &&
    told.detail!.length > 10;
  const there = told?.errors?.some(
    (one) =>
      (one.pointer.startsWith(pointer) || pointer.startsWith(one.pointer)) &&
      one.detail.length > 5 &&
      one.found.length > 0,
  );
  return clear && there === true ? null : JSON.stringify(told).slice(0, 300);
}
/** What is wrong with this outcome, which must be of that pattern? Null: nothing. */
export const other = ({ outcome, reason, code, errors }: Told, expected: string): string | null =>
  new RegExp(`^(?:${expected})$`).test(reason === 'UNKNOWN_HOST' ? reason : (outcome ?? `${code}`)) &&
  (code === undefined || errors?.[0]?.pointer === '/sequence')
    ? null
    : `${outcome} ${reason} ${code}`;
/** What is wrong with the refusal of such a body? Null: nothing. */
export const unclear = ({ status, body, bytes }: Answer, [, , , expected, code]: Body): string | null =>
  status === expected &&
  body.status === expected &&
  body.code === code &&
  body.detail!.length > 10 &&
  bytes < 10_000
    ? null
    : `${status} ${JSON.stringify(body).slice(0, 300)}`;
