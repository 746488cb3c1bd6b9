import fc from 'fast-check';
import { Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_a']));
});
afterAll(() => registry.stop());

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);

/** Text that databases, shells and parsers stumble over. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '\u0000',
    'a\u0000b',
    "'; DROP TABLE host; --",
    '%',
    '\\',
    '\ud800',
    '😀'.repeat(50),
    'x'.repeat(70_000),
    '../../etc/passwd',
    '__proto__',
    'constructor',
    '-1',
    '1e400',
    'NaN',
    '',
  ),
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 3 });
const labels = fc.array(
  fc.record({
    key: nasty,
    in: orNull(fc.array(nasty, { maxLength: 3 })),
    notIn: orNull(fc.array(nasty, { maxLength: 2 })),
    exists: orNull(fc.boolean()),
  }),
  { maxLength: 3 },
);
const where = fc.record(
  {
    hostnames: orNull(fc.array(nasty, { maxLength: 3 })),
    ids: orNull(fc.array(nasty, { maxLength: 2 })),
    labels: orNull(labels),
    kernelReleases: orNull(fc.array(nasty, { maxLength: 2 })),
    archs: orNull(fc.array(nasty, { maxLength: 2 })),
    running: orNull(nasty),
    authoritativeLabels: orNull(fc.boolean()),
  },
  { requiredKeys: [] },
);
const to = fc.record(
  {
    buildId: nasty,
    release: nasty,
    name: nasty,
    original: fc.boolean(),
    previous: fc.boolean(),
    leaving: fc.array(nasty, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const page = fc.record(
  { first: fc.integer(), last: fc.integer(), after: nasty, before: nasty },
  { requiredKeys: [] },
);

/** Whatever is asked: an answer, or a mistake in words; never a bug. */
async function answersInWords(query: string, variables: object): Promise<void> {
  const { status, body } = await registry.send<any>('POST', '/graphql', { query, variables });
  expect(status).toBeLessThan(500);
  for (const error of body.errors ?? []) {
    expect(error.extensions.code).not.toBe('INTERNAL');
    expect(error.message.length).toBeGreaterThan(0);
  }
}

test('any question about any target gets an answer or a mistake in words', () =>
  fc.assert(
    fc.asyncProperty(to, where, page, orNull(nasty), (target, filter, { first, after }, allow) =>
      answersInWords(
        `query ($to: TargetInput!, $where: HostFilter, $first: Int, $after: String, $allow: [ReasonCode!]) {
          canDowngrade(to: $to, where: $where, allow: $allow) { kind cohorts(first: $first, after: $after) { nodes { examples } } hosts(first: $first, after: $after) { nodes { host { hostname } } } reasons { totalCount } } }`,
        {
          to: target,
          where: filter,
          first: first ?? null,
          after: after ?? null,
          allow: allow === null ? [] : [allow],
        },
      ),
    ),
    { numRuns: RUNS },
  ));

test('any look-up gets an answer or a mistake in words', () =>
  fc.assert(
    fc.asyncProperty(nasty, page, where, (text, cursor, filter) =>
      answersInWords(
        `query ($t: String, $id: ID!, $f: HostFilter, $first: Int, $last: Int, $after: String, $before: String) {
          node(id: $id) { id } host(hostname: $t) { id } byId: host(id: $id) { id } patch(name: $t) { id } byBuild: patch(buildId: $t) { id }
          hosts(where: $f, first: $first, last: $last, after: $after, before: $before) { totalCount }
          patches(first: $first, last: $last, after: $after, before: $before) { totalCount } states(first: $first, last: $last, after: $after, before: $before) { totalCount } }`,
        { t: text, id: text, f: filter, ...cursor },
      ),
    ),
    { numRuns: RUNS },
  ));

test('any change gets an answer or a mistake in words', () =>
  fc.assert(
    fc.asyncProperty(
      nasty,
      fc.array(fc.record({ key: nasty, value: nasty }), { maxLength: 3 }),
      (text, given) =>
        answersInWords(
          'mutation ($t: String!, $id: ID!, $l: [LabelInput!]!) { addHost(input: { hostname: $t, ' +
            'labels: $l }) { id } labelHost(id: $id, labels: $l) { id } retireHost(id: $id, reason: $t) ' +
            '{ id } recallPatch(buildId: $t, reason: $t) { id } }',
          { t: text, id: text, l: given },
        ),
    ),
    { numRuns: RUNS },
  ));

test('any text is answered as a query', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ maxLength: 80 }),
        fc.mixedCase(
          fc.constantFrom(
            '{ hosts { totalCount } }',
            'query A { hosts { totalCount } } query B { __typename }',
            '{ ...F } fragment F on Query { ...F }',
            '{ host(hostname: "x" { id } }',
          ),
        ),
      ),
      orNull(nasty),
      async (query, operationName) => {
        const { status, body } = await registry.send<any>('POST', '/graphql', { query, operationName });
        expect(status).toBeLessThan(500);
        for (const error of body.errors ?? []) expect(error.extensions.code).not.toBe('INTERNAL');
      },
    ),
    { numRuns: RUNS },
  ));

test('a document with nasty text in any field is stored or refused by its field', () =>
  fc.assert(
    fc.asyncProperty(
      nasty,
      fc.constantFrom('hostname', 'kernelRelease', 'kernelVersion', 'instance', 'bootId', 'arch', 'machine'),
      async (text, field) => {
        const report = running('web-9', ['lab_r_1v1_a'], { host: { [field]: text } as never });
        const { status, body } = await registry.send<any>('POST', '/v1/reports', report);
        if (status !== 200) expect([400, 409]).toContain(status);
        if (status === 400)
          expect(body.errors.map((problem: any) => problem.pointer)).toContain(`/host/${field}`);
      },
    ),
    { numRuns: RUNS },
  ));
