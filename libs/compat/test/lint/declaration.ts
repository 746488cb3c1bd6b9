import fc from 'fast-check';
import type {
  Callbacks,
  Declaration,
  DescribedState,
  Restore,
  State,
  WrittenStatement,
} from '../../src/index.js';
import { NO_CALLBACKS } from '../../src/testing/index.js';
import { author, callbacks, rawStates } from '../arbitrary.js';

const ALL_CALLBACKS: Callbacks = { prePatch: true, postPatch: true, preUnpatch: true, postUnpatch: true };

/** `7:1 0:0 8:2`, as the array stands in the file. */
export const inFile = (written: string): State[] =>
  written
    .split(' ')
    .map((entry) => ({ id: BigInt(entry.split(':')[0]!), version: Number(entry.split(':')[1]) }));

/** A state as its author describes it. */
export const described = (
  id: number,
  version: number,
  restore: Restore = 'CALLBACKS',
  what = `the state ${id}`,
): DescribedState => ({
  id: BigInt(id),
  version,
  restore,
  what,
});

/** A signed word on these states, with a note. */
export const written = (
  states: readonly DescribedState[],
  differs: Partial<WrittenStatement> = {},
): WrittenStatement => ({
  evidence: 'MANIFEST',
  states,
  impactNone: false,
  independentOf: [],
  cves: [],
  notes: 'what has changed',
  ...differs,
});

/**
 * A livepatch about which there is nothing to say: one state, all callbacks, and its author promises that
 * they restore it.
 */
export const declaration = (differs: Partial<Declaration> = {}): Declaration => ({
  buildId: `id-of-${differs.name ?? 'candidate'}`,
  name: 'candidate',
  release: `release-of-${differs.name ?? 'candidate'}`,
  owner: 'kernel-team',
  kernelRelease: '6.12.95+deb13-amd64',
  arch: 'x86_64',
  livepatch: true,
  replace: true,
  states: inFile('7:1'),
  callbacks: ALL_CALLBACKS,
  usesShadowVariables: false,
  impact: 'DECLARED',
  impactReasons: [],
  functions: ['vmlinux:f,1'],
  author: written([described(7, 1)]),
  ...differs,
});

/** A livepatch that declares these states, in file and statement, and promises to restore them. */
export const holding = (
  name: string,
  states: Readonly<Record<number, number>>,
  differs: Partial<Declaration> = {},
): Declaration =>
  declaration({
    name,
    states: Object.entries(states).map(([id, version]) => ({ id: BigInt(id), version })),
    author: written(Object.entries(states).map(([id, version]) => described(Number(id), version))),
    ...differs,
  });

/** Without any state, callback or word: as a builder makes it. */
export const bare = (differs: Partial<Declaration> = {}): Declaration =>
  declaration({ states: [], callbacks: NO_CALLBACKS, impact: 'NONE', author: null, ...differs });

const MEANINGS = ['the route cache', 'The  route cache', 'a timer'];

const anyWord: fc.Arbitrary<WrittenStatement> = fc
  .tuple(author, fc.constantFrom(...MEANINGS), fc.constantFrom('', ' ', 'why'))
  .map(([author, what, notes]) => ({
    ...author,
    notes,
    states: author.states.map((state) => ({ ...state, what })),
  }));

/** Whatever an author may hand in; two of one name are builds of one line. */
export const anyDeclaration = (name: string): fc.Arbitrary<Declaration> =>
  fc
    .record(
      {
        owner: fc.constantFrom('kernel-team', 'vendor', null),
        livepatch: fc.boolean(),
        replace: fc.constantFrom(true, false, null),
        states: fc.option(rawStates, { freq: 9 }),
        callbacks: fc.option(callbacks, { freq: 9 }),
        usesShadowVariables: fc.boolean(),
        impact: fc.constantFrom('NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE'),
        impactReasons: fc.constantFrom([], ['INIT_CODE: its init code does more']),
        functions: fc.option(
          fc.uniqueArray(fc.constantFrom('vmlinux:f,1', 'vmlinux:g,1'), { maxLength: 2 }),
          { freq: 9 },
        ),
        objects: fc.constantFrom(
          null,
          [],
          [null],
          ['vmlinux', null],
          ['a-b', 'c/d', 'e.ko', 'f', 'g'.repeat(60)],
        ),
        malformedSymbols: fc.constantFrom([], ['.klp.sym.x']),
        signed: fc.boolean(),
        signatureProblem: fc.constantFrom(null, 'its kind is 1'),
        author: fc.option(anyWord, { freq: 3 }),
      },
      { requiredKeys: [] },
    )
    .map((differs) => declaration({ name, ...differs }));
