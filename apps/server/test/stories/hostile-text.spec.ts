import fc from 'fast-check';
import { Registry, running } from '../registry.js';

/** Text that comes in another form than as text: in cursors, ids, snapshots and scalars. */
let registry: Registry;
let snapshot: string[];
beforeAll(async () => {
  registry = await Registry.start();
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_a']));
  const { canDowngrade } = await registry.ask('{ canDowngrade(to: { original: true }) { snapshot { id } } }');
  snapshot = JSON.parse(Buffer.from(canDowngrade.snapshot.id, 'base64url').toString('utf8'));
});
afterAll(() => registry.stop());

const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const id = (text: string): string => Buffer.from(text).toString('base64url');
const ID = '0190a000-0000-7000-8000-0000000000aa';

const HOSTS = 'query ($c: String) { hosts(after: $c) { nodes { id } } }';
const BEFORE = 'query ($c: String) { hosts(last: 1, before: $c) { nodes { id } } }';
const PATCHES = 'query ($c: String) { patches(after: $c) { nodes { id } } }';
const STATES = 'query ($c: String) { states(after: $c) { nodes { id } } }';
const JUDGED =
  'query ($c: String) { canDowngrade(to: { original: true }) { ' +
  'hosts(after: $c) { nodes { host { id } } } } }';
const COHORTS =
  'query ($c: String) { canDowngrade(to: { original: true }) { cohorts(after: $c) { nodes { hosts } } ' +
  'reasons(after: $c) { nodes { hosts } } } }';
const NODE = 'query ($c: ID!) { node(id: $c) { id } }';
const AGE = 'query ($c: Duration) { canDowngrade(to: { original: true }, maxAge: $c) { kind } }';
const AS_OF = 'query ($c: DateTime) { canDowngrade(to: { original: true }, asOf: $c) { kind } }';
const SNAPSHOT = 'query ($c: ID) { canDowngrade(to: { original: true }, snapshot: $c) { kind } }';

test.each<[string, string, () => string, string]>([
  ['a cursor of hosts with a NUL', HOSTS, () => packed(['a\0b', ID]), '`after` must be a cursor'],
  [
    'a cursor of hosts with a line break and an escape',
    HOSTS,
    () => packed(['a\n[Nest] ERROR\u001b[2J', ID]),
    '`after` must be a cursor',
  ],
  [
    'a cursor of hosts with half of a surrogate pair',
    HOSTS,
    () => packed(['a\ud800', ID]),
    '`after` must be a cursor',
  ],
  ['a cursor of hosts whose id is no UUID', HOSTS, () => packed(['a', 'b']), '`after` must be a cursor'],
  ['a cursor backwards', BEFORE, () => packed(['a', 'b']), '`before` must be a cursor'],
  [
    'a cursor of judged hosts whose id is no UUID',
    JUDGED,
    () => packed(['a', 'b']),
    '`after` must be a cursor',
  ],
  ['a cursor of patches with a NUL', PATCHES, () => packed(['a\0', 'ab']), '`after` must be a cursor'],
  [
    'a cursor of patches whose build-id is none',
    PATCHES,
    () => packed(['a', '\0']),
    '`after` must be a cursor',
  ],
  ['a cursor of states that is no number', STATES, () => packed(['-1']), '`after` must be a cursor'],
  ['a cursor of cohorts that is no place', COHORTS, () => packed(['1e9']), '`after` must be a cursor'],
  ['the id of a patch with a NUL', NODE, () => id('Patch:a\0b'), '`id` is not a valid id'],
  ['the id of a host with a NUL', NODE, () => id('Host:a\0b'), '`id` is not a valid id'],
  ['the id of a state with a line break', NODE, () => id('State:1\n'), '`id` is not a valid id'],
  ['a duration of a million years', AGE, () => '365000000d', 'at most "3650d"'],
  ['a duration of the largest number', AGE, () => '999999999.999d', '"$c" got invalid value'],
  ['an instant before 1970', AS_OF, () => '0000-01-01T00:00:00Z', 'from 1970 to 9999'],
  [
    'a snapshot of the year 275760',
    SNAPSHOT,
    () => packed(snapshot.with(2, 8.64e15 as never)),
    'is not the id of a snapshot',
  ],
  [
    'a snapshot with a NUL in it',
    SNAPSHOT,
    () => packed(snapshot.with(3, '1:2:\0')),
    'is not the id of a snapshot',
  ],
])('%s', async (_, query, given, message) => {
  const { body } = await registry.send<any>('POST', '/graphql', { query, variables: { c: given() } });
  expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(body.errors[0].message).toContain(message);
  // eslint-disable-next-line no-control-regex -- none of these may be said back
  expect(body.errors[0].message).not.toMatch(/[\u0000-\u001f\u007f]/);
});

test('a place far beyond the end is the end', async () => {
  const { canDowngrade } = await registry.ask(COHORTS, { c: packed(['99999999999999999999']) });
  expect(canDowngrade).toEqual({ cohorts: { nodes: [] }, reasons: { nodes: [] } });
  expect((await registry.ask(STATES, { c: packed(['99999999999999999999']) })).states.nodes).toEqual([]);
});

test.each(['a\nb', '\u001b[2J', 'x'.repeat(254), ''])(
  'a host cannot be added with the name %j',
  async (hostname) => {
    const error = await registry.graphqlError(
      'mutation ($h: String!) { addHost(input: { hostname: $h }) { id } }',
      { h: hostname },
    );
    expect(error).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', errors: [{ pointer: '/input/hostname' }] },
    });
  },
);

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100);
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '\0',
    'a\0b',
    '\ud800',
    '\n',
    '1e400',
    '-1',
    '99999999999999999999',
    '0x10',
    ID,
    'NaN',
    '',
    ' 1',
    '1:1:',
    '2:1:',
  ),
);
const part = fc.oneof(nasty, fc.integer(), fc.double(), fc.constant(null), fc.constant({}), fc.constant([]));
const token = fc.oneof(
  fc.array(part, { maxLength: 7 }).map(packed),
  fc
    .tuple(fc.nat({ max: 6 }), part)
    .map(([at, value]) => packed(snapshot.with(Math.min(at, snapshot.length - 1), value as never))),
  fc.tuple(fc.constantFrom('Host:', 'Patch:', 'State:', 'X:'), nasty).map(([type, key]) => id(type + key)),
  fc.tuple(fc.nat(1e9), fc.constantFrom('s', 'm', 'h', 'd')).map(([n, unit]) => `${n}${unit}`),
  fc.integer({ min: 0, max: 9999 }).map((year) => `${String(year).padStart(4, '0')}-01-01T00:00:00+23:59`),
  nasty,
);

test('no cursor, id, duration, instant or snapshot meets a bug', () =>
  fc.assert(
    fc.asyncProperty(
      token,
      fc.constantFrom(HOSTS, BEFORE, PATCHES, STATES, JUDGED, COHORTS, NODE, AGE, AS_OF, SNAPSHOT),
      async (given, query) => {
        const { status, body } = await registry.send<any>('POST', '/graphql', {
          query,
          variables: { c: given },
        });
        expect(status).toBeLessThan(500);
        for (const error of body.errors ?? [])
          expect(['BAD_USER_INPUT', 'NOT_FOUND', 'SNAPSHOT_GONE']).toContain(error.extensions.code);
      },
    ),
    { numRuns: RUNS * 5 },
  ));
