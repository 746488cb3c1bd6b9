import type { Declaration } from './declaration.js';
import type { Finding } from './findings.js';

/** `MODULE_NAME_LEN` less the NUL: `klp_init_object()` refuses longer names. */
const LONGEST_NAME = 55;
/** What the build system replaces in module names, and what no name has. */
const IMPOSSIBLE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^$/, 'it is empty'],
  [/\//, "it has a '/'; the name of a module has no path"],
  [/\.ko(\.(xz|zst|gz))?$/, "it ends as a file's name does"],
  [/[-,]/, "it has a '-' or ','; a loaded module's name has '_'"],
];

/** Findings about what the module loader and the livepatch core do with names and signatures. */
export const findForLoader = (of: Declaration): Finding[] => [
  ...(of.objects ?? []).flatMap((name) => findImpossible(name)),
  ...(of.malformedSymbols ?? []).map((name): Finding => ({ code: 'SYMBOL_NAME_MALFORMED', detail: name })),
  ...findUnsigned(of),
];

/**
 * Mirrors `klp_init_object()` and `klp_find_object_module()`: a name that is not NULL is compared with the
 * names of loaded modules.
 */
function findImpossible(name: string | null): Finding[] {
  if (name === null) return [];
  if (name === 'vmlinux') return [{ code: 'OBJECT_SPELLED_VMLINUX' }];
  if (name.length > LONGEST_NAME) return [{ code: 'OBJECT_NAME_TOO_LONG', detail: name }];
  const why = IMPOSSIBLE.find(([pattern]) => pattern.test(name))?.[1];
  return why === undefined ? [] : [{ code: 'OBJECT_NEVER_LOADED', detail: `'${name}': ${why}` }];
}

/** Mirrors `module_sig_check()`. */
function findUnsigned({ signed, signatureProblem }: Declaration): Finding[] {
  if (signed === false) return [{ code: 'SIGNATURE_MISSING' }];
  return signatureProblem == null ? [] : [{ code: 'SIGNATURE_MALFORMED', detail: signatureProblem }];
}
