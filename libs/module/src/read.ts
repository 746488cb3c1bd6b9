import { findBuilder } from './built/family.js';
import { findChanges } from './code/changes.js';
import { findEnableCalls } from './code/find-enable-calls.js';
import { hasNoSideEffects } from './code/side-effects.js';
import { followStatePointers, type IsCodePointer } from './code/state-pointers.js';
import { ElfFile } from './elf/file.js';
import { ModuleError } from './error.js';
import { readBuildId, readStructName } from './identity.js';
import { judgeImpact, usesShadowVariables } from './impact.js';
import { findCandidates, type Candidate } from './klp/candidates.js';
import { because, readStates } from './klp/states.js';
import { findMalformedSymbols } from './klp/symbols.js';
import { readKlpBuildObjects } from './built/klp-build.js';
import { readKpatchObjects } from './built/kpatch.js';
import { checkSections } from './limits.js';
import { readModinfo } from './modinfo.js';
import type { Builder, KlpState, ModuleObject, ModuleReading, Unreadable } from './reading.js';
import { readSignature } from './signature.js';

/**
 * Parses an uncompressed livepatch module.
 *
 * The rules are in this library's README. If the states cannot be read, `states`
 * is null and `unreadable` has the reason; an empty list is always a proof.
 * @throws ModuleError where the bytes are not a module that can be read.
 */
export function readModule(bytes: Uint8Array): ModuleReading {
  const file = new ElfFile(bytes);
  if (file.section('.gnu.linkonce.this_module') === null)
    throw new ModuleError('NOT_A_MODULE', 'there is no .gnu.linkonce.this_module section');
  checkSections(file);
  const modinfo = readModinfo(file);
  const name = modinfo['name']?.[0] ?? readStructName(file);
  if (name === null || name === '') throw new ModuleError('NOT_A_MODULE', 'the module has no name');
  const livepatch = modinfo['livepatch'] !== undefined;
  const { quiet, objectsComplete, ...declaration } = readDeclaration(file, livepatch);
  const vermagic = modinfo['vermagic']?.[0] ?? null;
  return {
    name,
    ...readSignature(bytes),
    buildId: readBuildId(file),
    srcversion: modinfo['srcversion']?.[0] ?? null,
    version: modinfo['version']?.[0] ?? null,
    vermagic,
    kernelRelease: vermagic?.split(' ')[0] || null,
    modversions:
      vermagic?.split(' ').includes('modversions') === true ||
      file.sections.some((section) => section.name === '__versions' || section.name === '__version_ext_crcs'),
    arch: file.machine.arch,
    livepatch,
    modinfo,
    ...declaration,
    malformedSymbols: findMalformedSymbols(file),
    usesShadowVariables: usesShadowVariables(file),
    ...judgeImpact(file, {
      ...declaration,
      states: declaration.states?.length ?? 0,
      shadowedStates: declaration.shadowedStates.length,
      quiet,
      objectsComplete,
    }),
  };
}

/**
 * What only the author's code can point to with such an entry: the
 * functions that a builder's sections list, and the module's own two.
 */
const LISTS_OF_FUNCTIONS =
  /^(\.gnu\.linkonce\.this_module|\.kpatch\.(funcs|callbacks\..*)|\.init\.klp_(objects|funcs))$/;

interface Declaration {
  readonly builder: Builder;
  readonly replace: boolean | null;
  readonly states: readonly KlpState[] | null;
  readonly shadowedStates: readonly KlpState[];
  readonly unreadable: Unreadable | null;
  readonly rewritesEarlierStates: boolean;
  readonly rewriteReason: Unreadable | null;
  readonly objects: readonly ModuleObject[] | null;
  readonly objectsComplete: boolean;
  readonly quiet: boolean;
}

const NOTHING: Declaration = {
  builder: 'UNKNOWN',
  replace: null,
  states: null,
  shadowedStates: [],
  unreadable: null,
  rewritesEarlierStates: false,
  rewriteReason: null,
  objects: null,
  objectsComplete: false,
  quiet: false,
};

function readDeclaration(file: ElfFile, livepatch: boolean): Declaration {
  if (file.hasUnsupportedRelocations) {
    const unsupported = because(
      'UNSUPPORTED_RELOCATIONS',
      'it has relocations without addends, which no 64-bit kernel applies',
    );
    return { ...NOTHING, unreadable: unsupported, rewritesEarlierStates: true, rewriteReason: unsupported };
  }
  const candidates = findCandidates(file);
  const declared = readDeclared(file, livepatch, candidates);
  const isCodePointer: IsCodePointer = (section, at) =>
    LISTS_OF_FUNCTIONS.test(section.name) ||
    candidates.some(({ objects }) => objects.isCodePointer(section, at));
  const { own, earlier } = followStatePointers(file, isCodePointer);
  const changed =
    declared.states === null || own === null ? {} : { states: null, shadowedStates: [], unreadable: own };
  return { ...declared, ...changed, rewritesEarlierStates: earlier !== null, rewriteReason: earlier };
}

function readDeclared(file: ElfFile, livepatch: boolean, candidates: readonly Candidate[]): Declaration {
  const builder = findBuilder(file);
  if (builder !== null) return readBuilt(file, builder, candidates);
  const [candidate, second] = candidates;
  if (second !== undefined)
    return unreadable('TWO_CANDIDATES', 'more than one structure has the shape of a klp_patch');
  if (candidate !== undefined) return readStatic(file, candidate);
  if (!livepatch)
    return unreadable(
      'NOT_A_LIVEPATCH',
      'an ordinary module: no livepatch mark and nothing with the shape of a klp_patch',
    );
  return unreadable(
    'NO_CANDIDATE',
    'nothing in its data has the shape of a klp_patch: it is made at load time, or for a kernel with ' +
      'another layout',
  );
}

function readBuilt(
  file: ElfFile,
  builder: ReturnType<typeof findBuilder>,
  candidates: readonly Candidate[],
): Declaration {
  if (builder === 'TWO' || builder === null)
    return unreadable('TWO_STORIES', 'it has the sections of two different builders');
  if (candidates.length > 0)
    return unreadable('TWO_STORIES', "it has a builder's sections and a klp_patch of its own");
  const objects = builder === 'KPATCH_BUILD' ? readKpatchObjects(file) : readKlpBuildObjects(file);
  if (objects === null)
    return {
      ...unreadable('BUILDER_MALFORMED', "the builder's sections do not have the known shape"),
      builder,
    };
  return { ...NOTHING, builder, states: [], objects, objectsComplete: true };
}

function readStatic(file: ElfFile, candidate: Candidate): Declaration {
  const enableCalls = findEnableCalls(file, candidate.at);
  if ('code' in enableCalls) return { ...NOTHING, unreadable: enableCalls };
  const states = readStates(file, candidate.at);
  const changes = findChanges(
    file,
    candidate,
    'code' in states ? { effective: [], shadowed: [], range: null } : states,
    enableCalls,
  );
  const declared = {
    builder: 'STATIC',
    replace: changes.replace ? null : candidate.replace,
    objects: changes.objects ? null : candidate.objects.objects,
    objectsComplete: candidate.objects.complete && !changes.objectsExposed,
    quiet: hasNoSideEffects(file, enableCalls),
  } as const;
  const why = changes.states ?? ('code' in states ? states : null);
  if (why !== null || 'code' in states) return { ...NOTHING, ...declared, unreadable: why };
  return { ...NOTHING, ...declared, states: states.effective, shadowedStates: states.shadowed };
}

function unreadable(code: Unreadable['code'], text: string): Declaration {
  return { ...NOTHING, unreadable: because(code, text) };
}
