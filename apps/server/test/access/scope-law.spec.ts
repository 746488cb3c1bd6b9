import fc from 'fast-check';
import type { Scope } from '../../src/store/access/tokens.store.js';
import type { Registry } from '../registry.js';
import { giveToken } from './give-token.js';
import { type FleetHost, instanceOf, isMember, startFleet } from './scoped-fleet.js';

// two servers are started for each fleet
jest.setTimeout(600_000);

const FLEETS = Number(process.env['SCOPE_FLEETS'] ?? 2);
const QUESTIONS = Number(process.env['SCOPE_QUESTIONS'] ?? 25);

const NAMES = Array.from({ length: 10 }, (_, i) => `host-${i}`);
const KERNELS = ['7.3.4+deb13-cloud-amd64', '6.1.0-56-cloud-amd64'];
const ENVIRONMENTS = ['prod', 'test', 'stage'];
const ROLES = ['web', 'db'];

const labelSet = fc.record(
  { env: fc.constantFrom(...ENVIRONMENTS), role: fc.constantFrom(...ROLES) },
  { requiredKeys: [] },
);
const fleetOf = (names: readonly string[]): fc.Arbitrary<FleetHost[]> =>
  fc.tuple(
    ...names.map((hostname) =>
      fc.record({
        hostname: fc.constant(hostname),
        labels: labelSet,
        own: labelSet,
        life: fc.constantFrom('NEVER', 'STALE', 'IDLE', 'PATCHED', 'LATER'),
        kernelRelease: fc.constantFrom(...KERNELS),
      }),
    ),
  ) as unknown as fc.Arbitrary<FleetHost[]>;
const someOf = (values: readonly string[]) => fc.subarray([...values], { minLength: 1 });
const scopes = fc.oneof(
  fc.record({ env: someOf(ENVIRONMENTS) }),
  fc.record({ env: someOf(ENVIRONMENTS), role: someOf(ROLES) }),
);

const labelFilter = fc
  .tuple(fc.constantFrom('env', 'role', 'agent.env', 'other'), someOf([...ENVIRONMENTS, ...ROLES]))
  .chain(([key, values]) =>
    fc.constantFrom(
      { key, in: values },
      { key, notIn: values },
      { key, exists: true },
      { key, exists: false },
    ),
  );
const filters = fc.record(
  {
    labels: fc.array(labelFilter, { maxLength: 3 }),
    authoritativeLabels: fc.boolean(),
    hostnames: someOf(NAMES),
    kernelReleases: someOf(KERNELS),
    archs: fc.constant(['x86_64']),
  },
  { requiredKeys: [] },
);

const HOST = 'id hostname labels { key value } kernelRelease freshness { level ageSeconds } stack { name }';
const REASON = 'code patch stateId kind text';
const DOCUMENT = `query ($where: HostFilter, $after: String, $first: Int) {
  hosts(where: $where, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { ${HOST} canDowngrade(to: { original: true }) { kind reasons { code } } }
  }
  canDowngrade(to: { name: "lab_r_1v1_a" }, where: $where) {
    kind matched limitedByScope counts { safe unknown unsafe refused total harmful accepted }
    reasons { totalCount nodes { hosts reason { ${REASON} } } }
    cohorts { totalCount nodes { hosts kernelRelease freshness examples labels { key value } verdict { kind } } }
    hosts(first: $first, after: $after) { totalCount nodes { host { ${HOST} } verdict { kind } } }
    snapshot { id }
  }
  states { totalCount nodes { stateId versions { version patches owners hosts } } }
  releases { totalCount nodes { name hosts } }
}`;
const ONE = `query ($id: ID!, $hostname: String) {
  node(id: $id) { id ... on Host { ${HOST} } } byId: host(id: $id) { ${HOST} } byName: host(hostname: $hostname) { ${HOST} }
}`;
const AGAIN = `query ($where: HostFilter, $snapshot: ID!) {
  canDowngrade(to: { name: "lab_r_1v1_a" }, where: $where, snapshot: $snapshot) { matched counts { total safe unknown } }
}`;

async function ask(registry: Registry, headers: Record<string, string>, query: string, variables: object) {
  const { body } = await registry.send<any>('POST', '/graphql', { query, variables }, headers);
  if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

/** Without what differs: an answer that may exclude hosts is UNKNOWN at best. */
function comparable({ canDowngrade, ...rest }: any) {
  const { kind, limitedByScope: _limited, snapshot: _snapshot, ...verdict } = canDowngrade;
  return { ...rest, canDowngrade: { ...verdict, kind: kind === 'SAFE' ? 'UNKNOWN' : kind } };
}

/** Whether each host that there could ever be and that matches is in the scope. */
const asksWithin = (where: any, scope: Scope): boolean =>
  where.authoritativeLabels === true &&
  Object.entries(scope).every(([key, allowed]) =>
    (where.labels ?? []).some(
      (label: any) => label.key === key && label.in?.every((value: string) => allowed.includes(value)),
    ),
  );

test('an answer for a scope is the answer of a registry that never had the other hosts', async () => {
  await fc.assert(
    fc.asyncProperty(fleetOf(NAMES), scopes, fc.infiniteStream(filters), async (hosts, scope, stream) => {
      const foreign = hosts.filter((host) => !isMember(host, scope));
      const [all, members] = await Promise.all([
        startFleet(hosts),
        startFleet(hosts.filter((host) => isMember(host, scope))),
      ]);
      try {
        const headers = await giveToken(all, 'reader', { scope });
        const cursors = [null, ...foreign.map((host) => cursorOf(host))];
        for (let i = 0; i < QUESTIONS; i++) {
          const where = stream.next().value;
          const variables = { where, first: 1 + (i % 4), after: cursors[i % cursors.length] };
          const scoped = await ask(all, headers, DOCUMENT, variables);
          const alone = await ask(members, {}, DOCUMENT, variables);
          expect(comparable(scoped)).toEqual(comparable(alone));
          expect(scoped.canDowngrade.limitedByScope).toBe(!asksWithin(where, scope));
          if (scoped.canDowngrade.limitedByScope) expect(scoped.canDowngrade.kind).not.toBe('SAFE');
          else expect(scoped.canDowngrade.kind).toBe(alone.canDowngrade.kind);
          // a snapshot of the unscoped answer says no more than the scope allows
          const whole = (await ask(all, {}, DOCUMENT, variables)).canDowngrade.snapshot.id;
          const { total, safe, unknown } = scoped.canDowngrade.counts;
          expect((await ask(all, headers, AGAIN, { where, snapshot: whole })).canDowngrade).toEqual({
            matched: scoped.canDowngrade.matched,
            counts: { total, safe, unknown },
          });
        }
        for (const host of hosts) {
          const variables = { id: idOf(host), hostname: host.hostname };
          expect(await ask(all, headers, ONE, variables)).toEqual(await ask(members, {}, ONE, variables));
        }
      } finally {
        await Promise.all([all.stop(), members.stop()]);
      }
    }),
    { numRuns: FLEETS, endOnFailure: true },
  );
});

const idOf = (host: FleetHost): string => Buffer.from(`Host:${instanceOf(host)}`).toString('base64url');
const cursorOf = (host: FleetHost): string =>
  Buffer.from(JSON.stringify(['HOSTNAME ASC', host.hostname, instanceOf(host)])).toString('base64url');
