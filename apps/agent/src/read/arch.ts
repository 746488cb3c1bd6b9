/** Suffixes of kernel releases that name the architecture, with the name that `uname -m` prints. */
const BY_SUFFIX: readonly (readonly [RegExp, string])[] = [
  [/[-.]amd64$/, 'x86_64'],
  [/[-.]arm64(?:-16k|-64k)?$/, 'aarch64'],
  [/[-.]ppc64el(?:-64k)?$/, 'ppc64le'],
  [/[-.]loong64$/, 'loongarch64'],
  [/[-.](x86_64|aarch64|s390x|ppc64le|riscv64|loongarch64)(?:[+_.-][0-9a-z]+)?$/, ''],
];
const BY_COMPILER = /\((x86_64|aarch64|s390x|powerpc64le|riscv64|loongarch64)-[a-z0-9_-]*linux-gnu-gcc/;

/**
 * Returns the architecture in a release such as `7.3.4+deb13-cloud-amd64`
 * or `5.14.0-70.el9.x86_64`. Null if it has none.
 */
export function archOfRelease(release: string): string | null {
  for (const [suffix, name] of BY_SUFFIX) {
    const found = suffix.exec(release);
    if (found !== null) return name === '' ? found[1]! : name;
  }
  return null;
}

/** Returns the target of the compiler in `/proc/version`. Null if its name has no known target. */
function archOfBanner(banner: string | null): string | null {
  const found = BY_COMPILER.exec(banner ?? '')?.[1];
  return found === 'powerpc64le' ? 'ppc64le' : (found ?? null);
}

/**
 * Returns the architecture of a captured tree, or `unknown`. Never that of this machine.
 *
 * Sources in this order: a loaded module, `/proc/sys/kernel/arch` (6.1 and newer), the release, the compiler.
 *
 * @param ofModule from the ELF header of a loaded module's file
 * @param ofKernel `/proc/sys/kernel/arch`
 */
export function archOfTree(
  ofModule: string | null,
  ofKernel: string | null,
  release: string,
  banner: string | null,
  warnings: string[],
): string {
  const arch = ofModule ?? ofKernel ?? archOfRelease(release) ?? archOfBanner(banner);
  if (arch !== null) return arch;
  warnings.push('the architecture of the tree is unknown; set --arch');
  return 'unknown';
}
