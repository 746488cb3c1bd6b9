import type { AuthorStatement, Callbacks, Manifest, Restore } from '@klpreg/compat';
import type { Prisma } from '../../database/generated/client.js';

/** Everything that is read with a patch. */
export const completePatch = {
  states: { orderBy: { position: 'asc' } },
  authors: { orderBy: { revision: 'desc' }, take: 1 },
  files: { orderBy: [{ publishedAt: 'asc' }, { sha256: 'asc' }] },
} satisfies Prisma.PatchInclude;
type PatchRow = Prisma.PatchGetPayload<{ include: typeof completePatch }>;

/** The column `patch_author.statement`. */
export interface StoredStatement {
  readonly states: readonly {
    readonly id: string;
    readonly version: number;
    readonly what: string;
    readonly restore: Restore;
  }[];
  readonly impactNone: boolean;
  readonly independentOf: readonly string[];
  readonly cves: readonly string[];
  readonly unsupported: readonly ('LOAD' | 'DISABLE' | 'REPLACE')[];
  readonly notes: string;
}

/** An item of the column `patch.objects`. */
export interface StoredObject {
  readonly name: string;
  /** The name that the kernel is given; null: NULL, the kernel itself. Left out: not known. */
  readonly spelled?: string | null;
  readonly functions: readonly { readonly name: string; readonly sympos: string }[];
}

type Plain = Omit<PatchRow, 'states' | 'authors' | 'files' | 'readable' | 'callbacks' | 'objects'>;

/** A patch as it is stored, with everything that belongs to it. */
export interface StoredPatch extends Plain {
  /** In the kernel's order; null: they cannot be read. */
  readonly states: readonly { readonly id: bigint; readonly version: number }[] | null;
  readonly callbacks: Callbacks | null;
  readonly objects: readonly StoredObject[] | null;
  readonly files: readonly Pick<PatchRow['files'][number], 'sha256' | 'signed' | 'signer' | 'size'>[];
  /** The newest author statement. */
  readonly author:
    | (Pick<PatchRow['authors'][number], 'revision' | 'evidence' | 'key' | 'signedFile' | 'at'> & {
        readonly statement: StoredStatement;
      })
    | null;
}

/** A row, or a version of it; ids and versions may be texts. */
type AnyRow = Omit<PatchRow, 'states' | 'authors' | 'files'> & {
  readonly states: readonly { readonly id: { toString(): string }; readonly version: bigint | string }[];
  readonly authors: readonly PatchRow['authors'][number][];
  readonly files: StoredPatch['files'];
};

/** The only mapping of a patch's row. */
export function toPatch({
  states,
  authors,
  files,
  readable,
  callbacks,
  objects,
  ...plain
}: AnyRow): StoredPatch {
  const [author] = authors;
  return {
    ...plain,
    states: readable
      ? states.map(({ id, version }) => ({ id: BigInt(id.toString()), version: Number(version) }))
      : null,
    callbacks: callbacks as unknown as Callbacks | null,
    objects: objects as unknown as StoredObject[] | null,
    files: files.map(({ sha256, signed, signer, size }) => ({ sha256, signed, signer, size })),
    author:
      author === undefined
        ? null
        : {
            revision: author.revision,
            evidence: author.evidence,
            key: author.key,
            signedFile: author.signedFile ?? null,
            at: author.at,
            statement: author.statement as unknown as StoredStatement,
          },
  };
}

function toAuthorStatement(author: StoredPatch['author']): AuthorStatement | null {
  if (author === null) return null;
  const { statement, evidence } = author;
  const states = statement.states.map(({ id, version, restore }) => ({ id: BigInt(id), version, restore }));
  return { ...statement, evidence, states };
}

/**
 * `object:function,sympos`, as functions are compared; sympos 0 and 1 name the same function (since Linux
 * 6.19).
 */
const functionNames = (objects: readonly StoredObject[]): string[] =>
  objects.flatMap(({ name, functions }) =>
    functions.map((one) => `${name}:${one.name},${one.sympos === '0' ? '1' : one.sympos}`),
  );

/** The contradictions between the sources of a patch, as sentences. */
export function conflictsOf({ states, author, disagreements, otherFiles }: StoredPatch): string[] {
  const file = new Map((states ?? []).map(({ id, version }) => [id.toString(), version]));
  const statement = author?.statement;
  const contradicted = (statement?.states ?? []).filter(
    ({ id, version }) =>
      file.has(id) && !states!.some((own) => own.id.toString() === id && own.version === version),
  );
  return [
    ...disagreements,
    ...contradicted.map(
      ({ id, version }) => `state ${id}: the file has version ${file.get(id)}, its author says ${version}`,
    ),
    ...(otherFiles.length > 0 ? ['another content has this build-id'] : []),
    ...(statement?.impactNone && file.size > 0
      ? ['its author says that it changes nothing, and its file declares states']
      : []),
  ];
}

const VMLINUX = 'vmlinux';

/**
 * How a patch names the kernel: correctly by NULL, or by the text `vmlinux`, which names a module that is
 * never loaded. null: not known.
 */
function spellingOf(objects: readonly StoredObject[] | null) {
  const kernel = objects?.filter(({ name }) => name === VMLINUX);
  if (kernel === undefined || kernel.some(({ spelled }) => spelled === undefined))
    return { spellsVmlinux: null, patchesKernel: null };
  return {
    spellsVmlinux: kernel.some(({ spelled }) => spelled === VMLINUX),
    patchesKernel: kernel.some(({ spelled }) => spelled === null),
  };
}

/** What the rule engine reads of a patch. */
export function toManifest(patch: StoredPatch): Manifest {
  const { objects, rewritesEarlierStates } = patch;
  return {
    buildId: patch.buildId,
    name: patch.name,
    release: patch.release,
    owner: patch.owner,
    kernelRelease: patch.kernelRelease,
    arch: patch.arch,
    modversions: patch.modversions,
    livepatch: patch.livepatch,
    replace: patch.replace,
    states: patch.states,
    impact: patch.impact,
    callbacks: patch.callbacks,
    functions: objects === null ? null : functionNames(objects),
    ...spellingOf(objects),
    files: patch.files.map(({ sha256, signed, signer }) => ({ sha256, signed, signer })),
    ...(rewritesEarlierStates && { rewritesEarlierStates }),
    evidence: patch.evidence,
    author: toAuthorStatement(patch.author),
    recalled: patch.recalledAt !== null,
    conflicts: conflictsOf(patch),
  };
}
