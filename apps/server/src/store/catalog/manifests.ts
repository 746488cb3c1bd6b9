import type { AuthorStatement, Callbacks, Evidence, Manifest, Restore, StateImpact } from '@klpreg/compat';
import type { Prisma } from '../../database/database.js';

const complete = {
  states: { orderBy: { position: 'asc' } },
  authors: { orderBy: { revision: 'desc' }, take: 1 },
  files: { orderBy: [{ publishedAt: 'asc' }, { sha256: 'asc' }] },
} satisfies Prisma.PatchInclude;
export type PatchRow = Prisma.PatchGetPayload<{ include: typeof complete }>;
export { complete as completePatch };

/** The column `patch_author.word`. */
export interface StoredStatement {
  readonly states: readonly { readonly id: string; readonly version: number; readonly what: string; readonly restore: Restore }[];
  readonly impactNone: boolean;
  readonly independentOf: readonly string[];
  readonly cves: readonly string[];
  readonly unsupported: readonly ('LOAD' | 'DISABLE' | 'REPLACE')[];
  readonly notes: string;
}

export interface StoredObject {
  readonly name: string;
  /** The name that the kernel is given; null: NULL, the kernel itself. Left out: not known. */
  readonly spelled?: string | null;
  readonly functions: readonly { readonly name: string; readonly sympos: string }[];
}

function toAuthorWord(row: PatchRow['authors'][number] | undefined): AuthorStatement | null {
  if (row === undefined) return null;
  const word = row.word as unknown as StoredStatement;
  return {
    ...word,
    evidence: row.evidence as Evidence,
    states: word.states.map((state) => ({ id: BigInt(state.id), version: state.version, restore: state.restore })),
  };
}

/** `object:function,sympos`, the form in which functions are compared; 0 and 1 name the same one (since 6.19). */
const functionNames = (objects: readonly StoredObject[]): string[] =>
  objects.flatMap((object) => object.functions.map((name) => `${object.name}:${name.name},${name.sympos === '0' ? '1' : name.sympos}`));

/** On what do the sources of this patch disagree? */
export function conflictsOf(row: PatchRow): string[] {
  const file = new Map(row.states.map((state) => [state.id.toFixed(0), Number(state.version)]));
  const word = (row.authors[0]?.word ?? null) as unknown as StoredStatement | null;
  const author = (word?.states ?? []).filter(
    (state) => file.has(state.id) && !row.states.some((own) => own.id.toFixed(0) === state.id && Number(own.version) === state.version),
  );
  const conflicts = [
    ...row.disagreements,
    ...author.map((state) => `state ${state.id}: the file has version ${file.get(state.id)}, its author says ${state.version}`),
  ];
  if (row.otherFiles.length > 0) conflicts.push('another content has this build-id');
  if (word?.impactNone && file.size > 0) conflicts.push('its author says that it changes nothing, and its file declares states');
  return conflicts;
}

const VMLINUX = 'vmlinux';

/** How the kernel is named: by NULL, as it has to be, or by a text, which stands for a module that is never loaded. null: not known. */
function spellingOf(objects: readonly StoredObject[] | null): { spellsVmlinux: boolean | null; patchesKernel: boolean | null } {
  const kernel = objects?.filter(({ name }) => name === VMLINUX);
  if (kernel === undefined || kernel.some(({ spelled }) => spelled === undefined)) return { spellsVmlinux: null, patchesKernel: null };
  return { spellsVmlinux: kernel.some(({ spelled }) => spelled === VMLINUX), patchesKernel: kernel.some(({ spelled }) => spelled === null) };
}

/** The one mapping from a stored patch to the value that is judged. */
export function toManifest(row: PatchRow): Manifest {
  return {
    buildId: row.buildId,
    name: row.name,
    release: row.release,
    owner: row.owner,
    kernelRelease: row.kernelRelease,
    arch: row.arch,
    modversions: row.modversions,
    livepatch: row.livepatch,
    replace: row.replace,
    states: row.readable ? row.states.map((state) => ({ id: BigInt(state.id.toFixed(0)), version: Number(state.version) })) : null,
    impact: row.impact as StateImpact,
    callbacks: row.callbacks as unknown as Callbacks | null,
    functions: row.objects === null ? null : functionNames(row.objects as unknown as StoredObject[]),
    ...spellingOf(row.objects as unknown as StoredObject[] | null),
    files: row.files.map(({ sha256, signed, signer }) => ({ sha256, signed, signer })),
    ...(row.rewritesEarlierStates && { rewritesEarlierStates: true }),
    evidence: row.evidence as Evidence,
    author: toAuthorWord(row.authors[0]),
    recalled: row.recalledAt !== null,
    conflicts: conflictsOf(row),
  };
}
