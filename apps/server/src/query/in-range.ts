import { RequestError } from '../errors.js';

/** Returns the number. @throws RequestError unless it is from 1 to `most` */
export function inRange(name: string, found: number, most: number): number {
  if (found >= 1 && found <= most) return found;
  throw new RequestError('BAD_USER_INPUT', `\`${name}\` must be from 1 to ${most}, found ${found}`, [
    { pointer: `/${name}`, detail: `must be from 1 to ${most}`, found: String(found) },
  ]);
}
