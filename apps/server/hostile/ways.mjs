// The ways in, and hostile requests of each: a function makes the one with a number, so that no two are
// alike.
import { gzipSync } from 'node:zlib';

const MIB = 2 ** 20;
const gzip = { 'content-encoding': 'gzip' };
const unknownToken = { authorization: 'Bearer unknown' };
const nested = (levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const report = (livepatches) =>
  `{"schema":"report/v1","agent":{"version":"x"},"sequence":1,"livepatches":${livepatches}}`;
const zeros = (n) => `[${'0,'.repeat(n - 1)}0]`;
const many = (n, of) => Array.from({ length: n }, (_, i) => of(i)).join(' ');
const BOMB = gzipSync(Buffer.alloc(16 * MIB, 0x20));
const PACKED_ZEROS = gzipSync(zeros(400_000));
const WRONG_BATCH = `[${Array(1000).fill(report('[{}]')).join(',')}]`;
const FUNCTIONS = report(
  `[{"objects":[${Array(20)
    .fill(`{"functions":${zeros(4500)}}`)
    .join(',')}]}]`,
);

const documents = (at, batch) => [
  (i) => ({ what: 'no token', path: at, headers: unknownToken, body: `{"i":${i}}` }),
  () => ({ what: 'packed, no token', path: at, headers: { ...unknownToken, ...gzip }, body: PACKED_ZEROS }),
  () => ({ what: 'a bomb', path: at, headers: gzip, body: BOMB }),
  () => ({ what: '400,000 zeros, packed', path: at, headers: gzip, body: PACKED_ZEROS }),
  (i) => ({ what: '2,000 levels', path: at, body: `${nested(2000)}${' '.repeat(i % 7)}` }),
  (i) => ({ what: 'broken JSON', path: at, body: `{"a":${i}` }),
  (i) => ({
    what: 'an unknown field',
    path: at,
    body: batch ? `[{"x${i}":0}]` : `{"x${i}":0}`,
    allowed: batch ? [200] : [],
  }),
  (i) => ({
    what: '90,000 wrong functions',
    path: at,
    body: batch ? `[${FUNCTIONS}${' '.repeat(i % 7)}]` : FUNCTIONS,
    allowed: batch ? [200] : [],
  }),
  ...(batch ? [() => ({ what: '1,000 wrong documents', path: at, body: WRONG_BATCH, allowed: [200] })] : []),
];

const graphql = (what, query, variables) => ({
  what,
  path: '/graphql',
  headers: unknownToken,
  body: JSON.stringify({ query, variables }),
});
const packed = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const boundary = 'x-hostile-x';
const form = (bytes, fields = { release: 'r', owner: 'o' }) =>
  Buffer.concat([
    ...Object.entries(fields).map(([key, value]) =>
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`),
    ),
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="module"; filename="m.ko"\r\n\r\n`),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
const patch = (i) => `/v1/patches/${String(i).padStart(40, '0')}`;
const upload = (what, i, bytes, fields) => ({
  what,
  method: 'PUT',
  path: patch(i),
  headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  body: form(bytes, fields),
});
const ELF = Buffer.concat([
  Buffer.from('7f454c4602010100', 'hex'),
  Buffer.alloc(8),
  Buffer.from('01003e0001000000', 'hex'),
  Buffer.alloc(200_000, 0xff),
]);
const MODULE_BOMB = gzipSync(Buffer.alloc(16 * MIB));

export const WAYS = {
  reports: documents('/v1/reports', false),
  'batches of reports': documents('/v1/reports:batch', true),
  heartbeats: documents('/v1/heartbeats', false),
  'batches of heartbeats': documents('/v1/heartbeats:batch', true),
  questions: [
    (i) =>
      graphql(
        'a fragment bomb',
        `{ ...F0 } ${many(17, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)} fragment ` +
          `F17 on Query { x${i}: __typename }`,
      ),
    (i) =>
      graphql(
        '30 aliases of a page of hosts',
        `{ ${many(10, (n) => `a${i}_${n}: hosts(first: 100) { nodes { id } }`)} nothing }`,
      ),
    (i) => graphql('500 equal fields', `{ hosts { ${'totalCount '.repeat(480)} x${i} } }`),
    (i) => graphql('nested equal fields', `{ ${many(90, () => 'hosts { nodes { id } }')} x${i} }`),
    (i) => graphql('3,000 aliases', `{ ${many(3000, (n) => `a${i}_${n}: __typename`)} }`),
    () =>
      graphql(
        'an endless introspection',
        '{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }',
      ),
    (i) =>
      graphql('a cursor that is none', 'query ($c: String) { hosts(after: $c) { totalCount } }', {
        c: packed([`a\0${i}`, 'b']),
      }),
    (i) =>
      graphql(
        'a huge duration',
        'query ($d: Duration) { canDowngrade(to: { original: true }, maxAge: $d) { kind } }',
        { d: `${999_999_999 - i}d` },
      ),
    (i) =>
      graphql('ids that are none', 'query ($f: HostFilter) { hosts(where: $f) { totalCount } }', {
        f: { ids: Array(5000).fill(`x${i}`) },
      }),
    (i) =>
      graphql(
        'a target that nothing is called',
        'query ($r: String) { canDowngrade(to: { release: $r }) { kind } }',
        { r: `${i}${'x'.repeat(100_000)}` },
      ),
    () => ({ what: 'a bomb', path: '/graphql', headers: { ...unknownToken, ...gzip }, body: BOMB }),
    (i) => ({
      what: 'by GET',
      method: 'GET',
      path: `/graphql?query=%7B__typename%7D&i=${i}`,
      headers: unknownToken,
    }),
    (i) => ({
      what: 'of another host',
      path: '/graphql',
      headers: { ...unknownToken, host: `evil${i}.example` },
      body: '{"query":"{ __typename }"}',
    }),
  ],
  'facts of patches': [
    (i) => ({ what: 'no token', method: 'PUT', path: patch(i), headers: unknownToken, body: '{}' }),
    (i) => ({
      what: '400,000 zeros, packed',
      method: 'PUT',
      path: patch(i),
      headers: gzip,
      body: PACKED_ZEROS,
    }),
    (i) => ({ what: '2,000 levels', method: 'PUT', path: patch(i), body: nested(2000) }),
    (i) => ({
      what: '90,000 wrong functions',
      method: 'PUT',
      path: patch(i),
      body: `{"facts":{"objects":[{"functions":${zeros(90_000)}}]}}`,
    }),
  ],
  'module files': [
    (i) => ({
      ...upload('no token', i, ELF),
      headers: { ...unknownToken, 'content-type': `multipart/form-data; boundary=${boundary}` },
    }),
    (i) => upload('no module', i, Buffer.from(`no module ${i}`)),
    (i) => upload('a head and nothing behind it', i, ELF),
    (i) => upload('a bomb', i, MODULE_BOMB),
    (i) =>
      upload("an author's YAML of brackets", i, ELF, {
        release: 'r',
        owner: 'o',
        author: '['.repeat(20_000),
      }),
  ],
  'metrics, health and docs': [
    (i) => ({
      what: 'metrics',
      method: 'GET',
      path: `/metrics?i=${i}`,
      headers: unknownToken,
      allowed: [200],
    }),
    () => ({ what: 'health', method: 'GET', path: '/readyz', headers: unknownToken, allowed: [200] }),
    () => ({
      what: 'the document of the routes',
      method: 'GET',
      path: '/docs/json',
      headers: unknownToken,
      allowed: [200],
    }),
    (i) => ({ what: 'nowhere', path: `/nowhere${i}`, headers: unknownToken, body: `{"a":${nested(1000)}}` }),
    (i) => ({
      what: 'nowhere, by a long name',
      method: 'GET',
      path: `/${'x'.repeat(8000)}${i}`,
      headers: unknownToken,
    }),
  ],
};
