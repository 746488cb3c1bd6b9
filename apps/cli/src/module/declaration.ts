import { type Declaration, loadedName, type Restore, type WrittenStatement } from '@klpreg/compat';
import type { ModuleReading } from '@klpreg/module';
import type { AuthorStatement } from '@klpreg/wire';

/** What the file does not contain: the release that it is a build of, and the owner. */
export interface Publication {
  readonly release: string;
  readonly owner: string | null;
}

const CALLBACKS = ['prePatch', 'postPatch', 'preUnpatch', 'postUnpatch'] as const;

/** Returns a module and its author statement in the form that the lint takes. */
export const declarationOf = (
  reading: ModuleReading,
  author: AuthorStatement | null,
  signed: boolean,
  publication: Publication,
): Declaration => ({
  ...publication,
  buildId: reading.buildId,
  name: loadedName(reading.name),
  kernelRelease: reading.kernelRelease ?? 'unknown',
  arch: reading.arch,
  livepatch: reading.livepatch,
  replace: reading.replace,
  states: reading.states === null ? null : [...reading.states, ...reading.shadowedStates],
  callbacks:
    reading.objects === null
      ? null
      : (Object.fromEntries(
          CALLBACKS.map((name) => [name, reading.objects!.some((object) => object.callbacks[name])]),
        ) as unknown as Declaration['callbacks']),
  usesShadowVariables: reading.usesShadowVariables,
  impact: reading.impact,
  impactReasons: reading.impactReasons,
  functions:
    reading.objects?.flatMap((object) =>
      object.functions.map(({ name, sympos }) => `${object.name}:${name},${sympos === 0n ? 1n : sympos}`),
    ) ?? null,
  objects: reading.objects?.map(({ spelled }) => spelled) ?? null,
  malformedSymbols: reading.malformedSymbols,
  signed: reading.signed,
  signatureProblem: reading.signatureProblem,
  author: author === null ? null : wordOf(author, signed),
});

const wordOf = (author: AuthorStatement, signed: boolean): WrittenStatement => ({
  evidence: signed ? 'MANIFEST' : 'UNSIGNED',
  states: author.states.map(({ id, version, what, restore }) => ({
    id: BigInt(id),
    version,
    what,
    restore: restore.toUpperCase().replace('-', '_') as Restore,
  })),
  impactNone: author.stateImpact === 'none',
  independentOf: author.independentOf,
  cves: author.cves,
  unsupported: author.unsupported.map((what) => what.toUpperCase() as 'LOAD' | 'DISABLE' | 'REPLACE'),
  notes: author.notes,
});
