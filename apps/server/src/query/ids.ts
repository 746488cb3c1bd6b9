import { RequestError } from '../errors.js';

/** The types with an opaque id. */
export type NodeType = 'Host' | 'Patch' | 'State';

export const toId = (type: NodeType, key: string): string =>
  Buffer.from(`${type}:${key}`).toString('base64url');

/** Reads an opaque id; null if it is not one of the registry. */
export function fromId(id: string): { readonly type: NodeType; readonly key: string } | null {
  const [, type, key] =
    /^(Host|Patch|State):([0-9a-f-]{1,128})$/.exec(Buffer.from(id, 'base64url').toString('utf8')) ?? [];
  return type === undefined || key === undefined ? null : { type: type as NodeType, key };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Returns the instance id from an opaque id or from the instance id itself. */
export function toHostId(id: string): string {
  const plain = id.toLowerCase();
  if (UUID.test(plain)) return plain;
  const named = fromId(id);
  if (named?.type === 'Host' && UUID.test(named.key)) return named.key;
  throw new RequestError('BAD_USER_INPUT', `${JSON.stringify(id.slice(0, 100))} is not the id of a host`);
}
