import { gzipSync } from 'node:zlib';
import type { Chance } from './stream.js';

/** A body that no document can be read from, and how it must be refused. */
export type Body = [
  what: string,
  body: string | Buffer,
  headers: Record<string, string>,
  status: number,
  code: string,
];

const gzip = { 'content-encoding': 'gzip' };
const MIB = 2 ** 20;
const [BAD, TOO_LARGE, OTHER_TYPE, BEYOND] = [
  [400, 'BAD_USER_INPUT'],
  [413, 'TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [422, 'LIMIT_EXCEEDED'],
] as const;

/** Small ones, made from a document that is right. */
export const SMALL: ((document: string, chance: Chance) => Body)[] = [
  (document, chance) => [
    'JSON that breaks off',
    document.slice(0, 1 + chance.below(document.length - 1)),
    {},
    ...BAD,
  ],
  (document) => ['JSON with something behind it', `${document}x`, {}, ...BAD],
  (document) => ['two documents', `${document}\n${document}`, {}, ...BAD],
  () => ['no JSON', '{"sequence": NaN}', {}, ...BAD],
  () => ['JSON of another language', "{'schema': 'report/v1',}", {}, ...BAD],
  (document) => [
    'JSON with a bare control character',
    document.replace('report', 're\nport').replace('heartbeat', 'heart\nbeat'),
    {},
    ...BAD,
  ],
  () => ['nothing', '', {}, ...BAD],
  (document) => [
    'two bytes for each character',
    Buffer.from(document, 'utf16le'),
    { 'content-type': 'application/json; charset=utf-16le' },
    ...BAD,
  ],
  () => ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]), {}, ...BAD],
  (document) => [
    'a document that says that it is text',
    document,
    { 'content-type': 'text/plain' },
    ...OTHER_TYPE,
  ],
  (document) => ['an unknown type', document, { 'content-type': 'application/jsonx' }, ...OTHER_TYPE],
  (document) => ['a type that is none', document, { 'content-type': '\u00ff' }, ...OTHER_TYPE],
  (document) => ['an unknown encoding', document, { 'content-encoding': 'br' }, ...OTHER_TYPE],
  (document) => [
    'two encodings',
    gzipSync(gzipSync(document)),
    { 'content-encoding': 'gzip, gzip' },
    ...OTHER_TYPE,
  ],
  (document) => ['packed twice', gzipSync(gzipSync(document)), gzip, ...BAD],
  (document) => ['not packed at all', document, gzip, ...BAD],
  (document, chance) => [
    'packed, and broken off',
    ((packed) => packed.subarray(0, 1 + chance.below(packed.length - 1)))(gzipSync(document)),
    gzip,
    ...BAD,
  ],
  (document) => [
    'packed, with a wrong sum',
    ((packed) => (packed.writeUInt8(packed.at(-5)! ^ 1, packed.length - 5), packed))(gzipSync(document)),
    gzip,
    ...BAD,
  ],
  () => ['nothing, packed', gzipSync(''), gzip, ...BAD],
  (document) => ['packed, and not said to be', gzipSync(document), {}, ...BAD],
];

/** Large ones, by round. */
export const LARGE: (() => Body)[][] = [
  [],
  [() => ['10 MB of text', JSON.stringify({ schema: 'x'.repeat(10 * MIB) }), {}, ...TOO_LARGE]],
  [() => ['a bomb', gzipSync(Buffer.alloc(50 * MIB, 0x20)), gzip, ...TOO_LARGE]],
  [
    () => [
      'a bomb of many parts',
      Buffer.concat(Array<Buffer>(20).fill(gzipSync(Buffer.alloc(MIB, 0x5b)))),
      gzip,
      ...TOO_LARGE,
    ],
  ],
  [() => ['8 MB of opened brackets', '['.repeat(8 * MIB - 1), {}, ...TOO_LARGE]],
  [() => ['1 MB of opened brackets', '['.repeat(MIB - 1), {}, ...BEYOND]],
  [() => ['1 MB of opened brackets, packed', gzipSync('['.repeat(MIB - 1)), gzip, ...BEYOND]],
  [() => ['1 MB of zeros', `[${'0,'.repeat(MIB / 2 - 10)}0]`, {}, ...BEYOND]],
  [() => ['1 MB in one field', JSON.stringify({ schema: 'x'.repeat(MIB - 1000) }), {}, ...BAD]],
];
