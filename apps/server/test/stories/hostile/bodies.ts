import { gzipSync } from 'node:zlib';
import type { Random } from '../../random.js';

/** A body without a readable message, and its expected refusal. */
export type Body = [
  what: string,
  body: string | Buffer,
  headers: Record<string, string>,
  status: number,
  code: string,
];

const gzip = { 'content-encoding': 'gzip' };
const MIB = 2 ** 20;
const [BAD, TOO_LARGE, OTHER_TYPE, LIMIT] = [
  [400, 'BAD_USER_INPUT'],
  [413, 'TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [422, 'LIMIT_EXCEEDED'],
] as const;

/** Small bodies, made from a valid message. */
export const SMALL: ((document: string, random: Random) => Body)[] = [
  (document, random) => [
    'truncated JSON',
    document.slice(0, 1 + random.below(document.length - 1)),
    {},
    ...BAD,
  ],
  (document) => ['JSON with trailing text', `${document}x`, {}, ...BAD],
  (document) => ['two documents', `${document}\n${document}`, {}, ...BAD],
  () => ['a number that JSON lacks', '{"sequence": NaN}', {}, ...BAD],
  () => ['a JavaScript literal', "{'schema': 'report/v1',}", {}, ...BAD],
  (document) => [
    'JSON with a bare control character',
    document.replace('report', 're\nport').replace('heartbeat', 'heart\nbeat'),
    {},
    ...BAD,
  ],
  () => ['an empty body', '', {}, ...BAD],
  (document) => [
    'UTF-16',
    Buffer.from(document, 'utf16le'),
    { 'content-type': 'application/json; charset=utf-16le' },
    ...BAD,
  ],
  () => ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x80]), {}, ...BAD],
  (document) => ['JSON with content type text', document, { 'content-type': 'text/plain' }, ...OTHER_TYPE],
  (document) => ['an unknown content type', document, { 'content-type': 'application/jsonx' }, ...OTHER_TYPE],
  (document) => ['an invalid content type', document, { 'content-type': '\u00ff' }, ...OTHER_TYPE],
  (document) => ['an unknown content encoding', document, { 'content-encoding': 'br' }, ...OTHER_TYPE],
  (document) => [
    'two content encodings',
    gzipSync(gzipSync(document)),
    { 'content-encoding': 'gzip, gzip' },
    ...OTHER_TYPE,
  ],
  (document) => ['compressed twice', gzipSync(gzipSync(document)), gzip, ...BAD],
  (document) => ['not compressed, with a gzip header', document, gzip, ...BAD],
  (document, random) => [
    'truncated gzip',
    ((bytes) => bytes.subarray(0, 1 + random.below(bytes.length - 1)))(gzipSync(document)),
    gzip,
    ...BAD,
  ],
  (document) => [
    'gzip with a wrong checksum',
    ((bytes) => (bytes.writeUInt8(bytes.at(-5)! ^ 1, bytes.length - 5), bytes))(gzipSync(document)),
    gzip,
    ...BAD,
  ],
  () => ['an empty gzip body', gzipSync(''), gzip, ...BAD],
  (document) => ['gzip without a content encoding', gzipSync(document), {}, ...BAD],
];

/** Large bodies, by round. */
export const LARGE: (() => Body)[][] = [
  [],
  [() => ['10 MB of text', JSON.stringify({ schema: 'x'.repeat(10 * MIB) }), {}, ...TOO_LARGE]],
  [() => ['a gzip bomb', gzipSync(Buffer.alloc(50 * MIB, 0x20)), gzip, ...TOO_LARGE]],
  [
    () => [
      'a gzip bomb with many members',
      Buffer.concat(Array<Buffer>(20).fill(gzipSync(Buffer.alloc(MIB, 0x5b)))),
      gzip,
      ...TOO_LARGE,
    ],
  ],
  [() => ['8 MB of opening brackets', '['.repeat(8 * MIB - 1), {}, ...TOO_LARGE]],
  [() => ['1 MB of opening brackets', '['.repeat(MIB - 1), {}, ...LIMIT]],
  [() => ['1 MB of opening brackets, compressed', gzipSync('['.repeat(MIB - 1)), gzip, ...LIMIT]],
  [() => ['1 MB of zeros', `[${'0,'.repeat(MIB / 2 - 10)}0]`, {}, ...LIMIT]],
  [() => ['1 MB in one field', JSON.stringify({ schema: 'x'.repeat(MIB - 1000) }), {}, ...BAD]],
];
