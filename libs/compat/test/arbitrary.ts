import fc from 'fast-check';
import {
  type Freshness,
  type ListedPatch,
  type Manifest,
  type Patch,
  type Question,
  type Reading,
  REASON_CODES,
  ROUTES,
  type Situation,
  type State,
  type Target,
} from '../src/index.js';
import { capabilities, manifest, running, statement } from '../src/testing/index.js';

/** How often each law is tried; `LAW_RUNS` makes it as many as there is time for. */
export function runs(usual: number): { numRuns: number } {
  const numRuns = Number(process.env['LAW_RUNS'] ?? usual);
  tried += numRuns;
  return { numRuns };
}

let tried = 0;
afterAll(() => {
  if (process.env['LAW_RUNS'] !== undefined && tried > 0)
    process.stdout.write(`${tried.toLocaleString('en')} cases tried\n`);
});

// Few ids and versions, so that they meet; and now and then the ends of their ranges.
const id = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt(1n, 4n) },
  { weight: 1, arbitrary: fc.constantFrom(4294967297n, 9007199254740993n, 18446744073709551615n) },
);
const version = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(2147483648, 4294967295) },
);
const state = fc.record({ id, version });
/** As a module may have them: with duplicates and an id 0 somewhere. */
export const rawStates: fc.Arbitrary<State[]> = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: state },
    { weight: 1, arbitrary: fc.record({ id: fc.constant(0n), version }) },
  ),
  { maxLength: 4 },
);
export const distinct: fc.Arbitrary<State[]> = fc.uniqueArray(state, {
  maxLength: 4,
  selector: (one) => one.id,
});

const patchOf = (
  states: fc.Arbitrary<State[]>,
  replace: fc.Arbitrary<boolean> = fc.boolean(),
): fc.Arbitrary<Patch> => fc.record({ name: fc.constantFrom('a', 'b', 'c'), replace, states });
export const patch = patchOf(rawStates);
export const cumulativePatch = patchOf(rawStates, fc.constant(true));
export const distinctPatch = patchOf(distinct);
export const stack = fc.array(patch, { maxLength: 4 });

const evidence = fc.constantFrom('LIVE', 'MODULE', 'MANIFEST', 'UNSIGNED', 'INFERRED');
/** Mostly as usual, sometimes anything. */
const mostly = <T>(usual: T, arbitrary: fc.Arbitrary<T>, weight = 14): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 4 });
export const callbacks = fc.record({
  prePatch: fc.boolean(),
  postPatch: fc.boolean(),
  preUnpatch: fc.boolean(),
  postUnpatch: fc.boolean(),
});
const impact = fc.constantFrom('NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE');
const name = fc.constantFrom('one', 'two', 'three', 'four', 'five', 'dash-ed', 'dash_ed');
const reading: fc.Arbitrary<Reading> = fc.record({
  evidence,
  replace: orNull(fc.boolean()),
  states: orNull(rawStates),
  impact,
  callbacks: orNull(callbacks),
});
export const author = fc
  .record({
    evidence: mostly('MANIFEST' as const, evidence),
    states: fc.array(
      fc.record({
        id,
        version,
        restore: fc.constantFrom('CALLBACKS', 'NOT_NEEDED', 'IMPOSSIBLE', 'UNKNOWN'),
      }),
      { maxLength: 2 },
    ),
    impactNone: fc.boolean(),
    independentOf: fc.array(name, { maxLength: 2 }),
    cves: fc.array(fc.constantFrom('CVE-1', 'CVE-2'), { maxLength: 2 }),
  })
  .map(statement);

const file = fc.oneof(
  fc.constant({ sha256: 'unsigned', signed: false, signer: null }),
  fc.record({
    sha256: fc.constantFrom('signed-1', 'signed-2'),
    signed: fc.constant(true),
    signer: fc.constantFrom('key-1', 'key-2', null),
  }),
);

const anyManifest = (buildId: string): fc.Arbitrary<Manifest> =>
  fc
    .record({
      name,
      states: fc.oneof(fc.constant<State[]>([]), fc.constant<State[]>([{ id: 1n, version: 1 }]), rawStates),
      differs: fc.record(
        {
          evidence: mostly('MODULE' as const, evidence),
          replace: mostly<boolean | null>(true, orNull(fc.boolean())),
          callbacks: orNull(callbacks),
          author: orNull(author),
          owner: mostly('kernel-team', fc.constant('vendor')),
          kernelRelease: mostly('6.12.95+deb13-amd64', fc.constant('6.1.0')),
          arch: mostly('x86_64', fc.constant('aarch64')),
          modversions: fc.boolean(),
          livepatch: mostly(true, fc.constant(false)),
          recalled: mostly(false, fc.constant(true)),
          spellsVmlinux: mostly<boolean | null>(false, orNull(fc.boolean())),
          patchesKernel: mostly<boolean | null>(true, orNull(fc.boolean())),
          rewritesEarlierStates: mostly(false, fc.constant(true)),
          files: mostly<Manifest['files']>(
            [{ sha256: 'unsigned', signed: false, signer: null }],
            fc.array(file, { maxLength: 2 }),
          ),
          conflicts: mostly<string[]>([], fc.constant(['states'])),
          functions: mostly<readonly string[] | null>(
            ['vmlinux:f,1'],
            orNull(
              fc.uniqueArray(fc.constantFrom('vmlinux:f,1', 'vmlinux:g,1', 'module:h,1'), { maxLength: 2 }),
            ),
          ),
        },
        { requiredKeys: [] },
      ),
      unreadable: mostly<Partial<Manifest>>({}, fc.record({ states: orNull(rawStates), impact })),
    })
    .map(({ name, states, differs, unreadable }) =>
      manifest(
        name,
        states.map((one) => [one.id, one.version] as const),
        { buildId, release: 'release', ...differs, ...unreadable },
      ),
    );

const BUILDS = ['id-1', 'id-2', 'id-3', 'id-4'];
const buildId = fc.oneof(
  { weight: 14, arbitrary: fc.constantFrom<string | null>(...BUILDS) },
  { weight: 1, arbitrary: fc.constantFrom('id-unheard-of', null) },
);
const sighting = { name, buildId, reading: mostly<Reading | null>(null, reading) };
const listedPatch: fc.Arbitrary<ListedPatch> = fc.record({
  ...sighting,
  enabled: mostly(true, fc.boolean()),
  // Often enough that a transition which can be reversed safely is among a few thousand worlds.
  transition: mostly(false, fc.boolean(), 6),
  replace: mostly<boolean | null>(null, fc.boolean()),
  moduleState: mostly('LIVE' as const, fc.constantFrom('LOADING' as const, 'GOING' as const, null)),
  moduleTaint: mostly<string | null>('OEK', fc.constantFrom('OK', null)),
  file: fc.constantFrom(null, 'unsigned', 'signed-1'),
});

const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    list: fc.array(listedPatch, { maxLength: 3 }),
    differs: fc.record(
      {
        leftovers: mostly<Situation['leftovers']>(
          [],
          fc.array(
            fc.record({
              ...sighting,
              referenced: fc.boolean(),
              pinned: fc.boolean(),
              moduleState: mostly('LIVE' as const, fc.constantFrom('LOADING' as const, null)),
            }),
            { maxLength: 2 },
          ),
        ),
        unlisted: mostly<Situation['unlisted']>(
          [],
          fc.array(
            fc.record({
              ...sighting,
              unlistedBy: fc.constantFrom('REPLACED', 'FORCED', 'DISABLED', 'UNKNOWN'),
            }),
            { maxLength: 2 },
          ),
        ),
        previous: orNull(fc.uniqueArray(fc.constantFrom(...BUILDS, 'id-unheard-of'), { maxLength: 3 })),
        tainted: mostly<boolean | null>(true, orNull(fc.boolean())),
        bootHistory: mostly('KNOWN' as const, fc.constantFrom('STARTED_LATE' as const, 'GAP' as const)),
        historyTooLong: mostly(false, fc.constant(true)),
        boot: orNull(
          fc.record({
            kernelRelease: fc.constantFrom('6.12.95+deb13-amd64', '6.12.95', null),
            loads: fc.array(fc.record({ name, buildId }), { maxLength: 2 }),
          }),
        ),
        suspect: mostly(false, fc.constant(true)),
        gates: mostly(
          { modulesDisabled: false, ftraceEnabled: true } as Situation['gates'],
          fc.record({ modulesDisabled: orNull(fc.boolean()), ftraceEnabled: orNull(fc.boolean()) }),
        ),
        otherLivePatching: mostly<readonly string[]>([], fc.constant(['kpatch'])),
        unread: mostly<readonly string[]>([], fc.constant(['transition of one'])),
        kernelRelease: mostly(
          '6.12.95+deb13-amd64',
          fc.constantFrom('5.4.0', '4.18.0-553.el8', '7.4.0', 'no number', ''),
        ),
        capabilities: mostly(
          capabilities(),
          fc
            .record(
              {
                livepatch: fc.boolean(),
                replaceSetAttribute: orNull(fc.boolean()),
                symbols: orNull(
                  fc.subarray(['klp_enable_patch', 'klp_is_patch_compatible', 'klp_patch_disable_blocked']),
                ),
                symbolsComplete: fc.boolean(),
                stateFields: orNull(fc.subarray(['id', 'version', 'data'])),
                lockdown: orNull(fc.constantFrom('none', 'integrity', 'confidentiality')),
                signatureEnforced: orNull(fc.boolean()),
              },
              { requiredKeys: [] },
            )
            .map(capabilities),
        ),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ list, differs }) => running(list, differs));

const leaving = fc.option(fc.array(fc.oneof(name, fc.constantFrom(...BUILDS)), { maxLength: 2 }), {
  nil: undefined,
  freq: 3,
});

/** Everything that a verdict depends on. */
export interface World {
  readonly situation: Situation;
  readonly manifests: readonly Manifest[];
  readonly target: Target;
  readonly seen: boolean;
  readonly freshness: Freshness;
  readonly question: Question;
}

export const world: fc.Arbitrary<World> = fc.tuple(...BUILDS.map(anyManifest)).chain((manifests) =>
  fc.record({
    situation: anySituation,
    manifests: fc.constant(manifests),
    target: fc.oneof<fc.Arbitrary<Target>[]>(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('PATCH'), patch: fc.constantFrom(...manifests), leaving }),
      } as never,
      { weight: 2, arbitrary: fc.constant({ kind: 'ORIGINAL' }) } as never,
      fc.constant({ kind: 'PREVIOUS' }),
      fc.constant({ kind: 'UNCATALOGUED', buildId: 'id-unheard-of' }),
      fc.record({
        kind: fc.constant('RELEASE'),
        release: fc.constantFrom('release', 'no-such-release'),
        leaving,
      }) as fc.Arbitrary<Target>,
    ),
    seen: mostly(true, fc.boolean()),
    freshness: mostly<Freshness>(
      { level: 'FRESH', ageSeconds: 10, superseded: false },
      fc.record({
        level: fc.constantFrom('FRESH', 'LATE', 'STALE', 'LOST', 'NEVER'),
        ageSeconds: orNull(fc.integer({ min: 0, max: 2000 })),
        superseded: fc.boolean(),
      }),
    ),
    question: fc.record({
      routes: fc.oneof(fc.constant(null), fc.constant([...ROUTES]), fc.subarray([...ROUTES])),
      evidence: mostly('MODULE' as const, evidence),
      maxAgeSeconds: mostly(900, fc.constantFrom(0, 100_000)),
      rules: mostly<Question['rules']>(
        null,
        fc.constantFrom('none', 'klp-5.5', 'block-disable', 'replace-set'),
      ),
      allow: mostly<string[]>([], fc.subarray([...REASON_CODES])),
      raise: mostly<string[]>([], fc.subarray([...REASON_CODES])),
      witnesses: mostly(2, fc.constantFrom(0, 1, 3)),
      sharedSigningKeys: fc.boolean(),
    }),
  }),
);
