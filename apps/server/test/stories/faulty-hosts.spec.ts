import type { Report } from '@klpreg/wire';
import fc from 'fast-check';
import { EnrollingHost, makeToken } from '../enrolling-host.js';
import { listed, logged, Registry, running, sealed } from '../registry.js';

// enrols several hosts in two registries for each fleet
jest.setTimeout(600_000);

const FLEETS = Number(process.env['LIAR_FLEETS'] ?? 6);

/** Targets whose doubts only sightings clear. */
const PATCHES = ['lab_n_1v1_a', 'lab_n_1v1_gate', 'lab_r_1v1_a', 'lab_r_1v1_cb'];
/** Honest hosts show few of them, so that most doubts stay unless a liar clears them. */
const HONEST_LISTS = [[], ['lab_n_1v1_a'], ['lab_r_1v1_a']];
const LIES = [['lab_n_1v1_gate'], ['lab_r_1v1_a'], ['lab_r_1v1_cb'], ['lab_n_1v1_a', 'lab_n_1v1_gate']];
const OBJECTS = ['vmlinux', 'nfsd', 'lab_target'];

let alone: Registry;
let lied: Registry;
beforeAll(async () => {
  [alone, lied] = [await Registry.start(), await Registry.start()];
  for (const registry of [alone, lied]) for (const name of PATCHES) await registry.publish(name);
});
afterAll(async () => {
  await alone.stop();
  await lied.stop();
});

/** Which enrolment token a host has: two without labels, one that confers them. */
type Token = 'first' | 'second' | 'labelled';
const token = fc.constantFrom<Token>('first', 'second', 'labelled');
const shownFrom = (lists: readonly string[][]) =>
  fc.record({
    list: fc.constantFrom(...lists),
    objects: fc.subarray(OBJECTS, { minLength: 1 }).map((objects) => [...new Set(['vmlinux', ...objects])]),
  });
type Shown = { readonly list: readonly string[]; readonly objects: readonly string[] };

/** What a liar does. It has one credential. */
const lie = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('REPORT' as const),
      shown: shownFrom([...LIES, []]),
      sequence: fc.constantFrom('NEXT' as const, 'NEXT' as const, 'SAME' as const, 'EARLIER' as const),
      boot: fc.constantFrom('SAME' as const, 'SAME' as const, 'OTHER' as const),
      machine: fc.constantFrom('OWN' as const, 'OWN' as const, 'ANOTHER' as const, 'NONE' as const),
      host: fc.constantFrom('OWN' as const, 'OWN' as const, 'ANOTHER' as const),
      labels: fc.constantFrom<Record<string, string>>({}, { env: 'prod' }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('HEARTBEAT' as const), digest: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ENROL' as const), token }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('RELEASE' as const) }) },
);
type Lie = typeof lie extends fc.Arbitrary<infer Value> ? Value : never;
/** A liar that makes no mistake: nothing but the witnesses stands against it. */
const carefulLie = shownFrom(LIES).map((shown): Lie => ({
  do: 'REPORT',
  shown,
  sequence: 'NEXT',
  boot: 'SAME',
  machine: 'OWN',
  host: 'OWN',
  labels: {},
}));

const fleet = fc.record({
  honest: fc.array(
    fc.record({ token, looks: fc.array(shownFrom(HONEST_LISTS), { minLength: 1, maxLength: 3 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  faulty: fc.record({
    token,
    lies: fc.oneof(
      fc.array(carefulLie, { minLength: 6, maxLength: 10 }),
      fc.array(lie, { minLength: 3, maxLength: 10 }),
    ),
  }),
});

/** The report of a host that shows this, in its place in the host's life. */
function reportOf(base: Report, { list, objects }: Shown, sequence: number): Report {
  const patched = objects.map((name) => ({ name, patched: true, functions: [] }));
  const livepatches = list.map((name, i) => listed(name, { stackOrder: i + 1, objects: patched }));
  return logged(sealed({ ...base, sequence, livepatches }));
}

/** A host of one fleet, at one registry. Each fleet has a kernel of its own, so that no other one matters. */
class FleetHost {
  readonly host: EnrollingHost;
  sequence = 0;

  constructor(
    private readonly registry: Registry,
    name: string,
    fleetName: string,
  ) {
    const base = running(name, [], { host: { kernelVersion: `#1 ${fleetName}` } });
    this.host = new EnrollingHost(registry, name, '127.0.0.1', base);
  }

  async show(seen: Shown): Promise<void> {
    this.registry.wait(1, 'seconds');
    this.sequence += 1;
    const report = reportOf(this.host.report, seen, this.sequence);
    const { status } = await this.host.post('/v1/reports', report, this.host.credential);
    if (status !== 200) throw new Error(`the report of an honest host is refused: ${status}`);
  }

  /** Does what a liar does. Whatever the registry answers is fine. */
  async act(one: Lie, victim: FleetHost, tokens: Readonly<Record<Token, string>>): Promise<void> {
    this.registry.wait(1, 'seconds');
    const { host } = this;
    if (one.do === 'ENROL') await host.enrol(tokens[one.token]);
    else if (one.do === 'RELEASE')
      await this.registry
        .ask(`mutation { releaseHost(id: "${host.instance}", reason: "believed") { id } }`)
        .catch(() => undefined);
    else if (one.do === 'HEARTBEAT')
      await host.post(
        '/v1/heartbeats',
        {
          ...host.heartbeat(),
          sequence: (this.sequence += 1),
          ...(one.digest && { digest: 'd'.repeat(64) }),
        },
        host.credential,
      );
    else await host.post('/v1/reports', this.lieOf(one, victim), host.credential);
  }

  private lieOf(one: Extract<Lie, { do: 'REPORT' }>, { host: victim }: FleetHost): Report {
    if (one.sequence === 'NEXT') this.sequence += 1;
    const sequence = Math.max(1, this.sequence - (one.sequence === 'EARLIER' ? 1 : 0));
    const { report } = this.host;
    const { instance, machine, hostname } = victim.report.host;
    const base = {
      ...report,
      host: {
        ...report.host,
        labels: one.labels,
        ...(one.host === 'ANOTHER' && { instance, hostname }),
        ...(one.machine !== 'OWN' && { machine: one.machine === 'NONE' ? null : machine }),
        ...(one.boot === 'OTHER' && { bootId: report.host.bootId.replace(/^b0/, 'b1') }),
      },
    };
    return reportOf(base, one.shown, sequence);
  }
}

const DOUBTS = `query ($names: [String!]) {
  hosts(where: { hostnames: $names }) {
    nodes {
      hostname
      ${PATCHES.map((name) => `${name}: canDowngrade(to: { name: "${name}" }) { kind reasons { code patch } }`).join(' ')}
    }
  }
}`;

interface Answered {
  readonly hostname: string;
  readonly [target: string]: unknown;
}
/** The reasons of all verdicts of these hosts, as texts. */
async function reasonsOf(registry: Registry, names: readonly string[]): Promise<Set<string>> {
  const { nodes } = (await registry.ask(DOUBTS, { names })).hosts;
  return new Set(
    (nodes as Answered[]).flatMap(({ hostname, ...targets }) =>
      Object.entries(targets).flatMap(([target, verdict]) => {
        const { kind, reasons } = verdict as {
          kind: string;
          reasons: { code: string; patch: string | null }[];
        };
        return [
          ...(kind === 'SAFE' ? [] : [`${hostname} to ${target}: not SAFE`]),
          ...reasons.map(({ code, patch }) => `${hostname} to ${target}: ${code} ${patch}`),
        ];
      }),
    ),
  );
}

let fleets = 0;

async function tokensOf(registry: Registry): Promise<Record<Token, string>> {
  const [first, second, labelled] = await Promise.all([
    makeToken(registry),
    makeToken(registry),
    makeToken(registry, { labels: { env: 'prod' } }),
  ]);
  return { first: first.text, second: second.text, labelled: labelled.text };
}

/** Enrols hosts of a fleet at a registry. */
async function enrolled(
  registry: Registry,
  fleetName: string,
  tokens: Readonly<Record<Token, string>>,
  hosts: readonly (readonly [name: string, token: Token])[],
): Promise<FleetHost[]> {
  const made = hosts.map(([name, by]) => [new FleetHost(registry, name, fleetName), by] as const);
  for (const [{ host }, by] of made) await host.enrol(tokens[by]);
  return made.map(([host]) => host);
}

/** All reports, in turns: first the first of each host. */
function inTurns<Item>(lists: readonly (readonly Item[])[]): [host: number, item: Item][] {
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list, host): [number, Item][] => (turn < list.length ? [[host, list[turn]!]] : [])),
  ).flat();
}

/*
 * A doubt needs two witnesses. With a liar, one of them may be the liar. Then the other is an honest host that
 * has seen the same: the liar confirms what is true. So the law compares with a registry without the liar, in
 * which each honest host has a twin that confirms everything. What is in doubt there, a liar does not clear.
 */
test('one liar clears no doubt of another host that no honest host has seen cleared', async () => {
  await fc.assert(
    fc.asyncProperty(fleet, async ({ honest, faulty }) => {
      const fleetName = `fleet ${(fleets += 1)}`;
      const names = honest.map((_, i) => `honest-${fleets}-${i}`);
      const byName = honest.map(({ token: by }, i) => [names[i]!, by] as const);

      const aloneTokens = await tokensOf(alone);
      const own = await enrolled(alone, fleetName, aloneTokens, byName);
      const twins = await enrolled(
        alone,
        fleetName,
        aloneTokens,
        names.map((name) => [`${name}-twin`, 'labelled'] as const),
      );
      for (const [host, seen] of inTurns(honest.map(({ looks }) => looks)))
        for (const one of [own[host]!, twins[host]!]) await one.show(seen);

      const tokens = await tokensOf(lied);
      const [first, ...others] = await enrolled(lied, fleetName, tokens, [
        [`liar-${fleets}`, faulty.token],
        ...byName,
      ]);
      const steps = inTurns<Shown | Lie>([faulty.lies, ...honest.map(({ looks }) => looks)]);
      for (const [host, step] of steps)
        if ('do' in step) await first!.act(step, others[0]!, tokens);
        else await others[host - 1]!.show(step);

      const [without, withFaulty] = [await reasonsOf(alone, names), await reasonsOf(lied, names)];
      expect([...without].filter((reason) => !withFaulty.has(reason))).toEqual([]);
    }),
    { numRuns: FLEETS },
  );
});

test.each<[string, Token, Token, boolean]>([
  ['two liars with different enrolment tokens do: the bound is two', 'first', 'second', true],
  ['two liars with one enrolment token do not', 'first', 'first', false],
  ['two liars with authoritative labels do', 'labelled', 'labelled', true],
])('a doubt is cleared by two: %s', async (_, a, b, isCleared) => {
  const fleetName = `fleet ${(fleets += 1)}`;
  const tokens = await tokensOf(lied);
  const [honest, ...faultyHosts] = await enrolled(lied, fleetName, tokens, [
    [`honest-${fleets}`, 'labelled'],
    [`liar-${fleets}-a`, a],
    [`liar-${fleets}-b`, b],
  ]);
  await honest!.show({ list: [], objects: ['vmlinux'] });
  for (const host of faultyHosts) await host.show({ list: ['lab_r_1v1_a'], objects: OBJECTS });
  const reasons = [...(await reasonsOf(lied, [`honest-${fleets}`]))];
  const doubt = `honest-${fleets} to lab_r_1v1_a: SYMBOLS_UNVERIFIED lab_r_1v1_a`;
  expect(reasons.includes(doubt)).toBe(!isCleared);
});
