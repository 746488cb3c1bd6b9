/** What differs between architectures. Relocation numbers are from each ABI's ELF supplement. */
export interface Machine {
  /** As `uname -m`. */
  readonly arch: string;
  /** The relocation that stores a 64-bit address. */
  readonly absolute64: number;
}

const EM_PPC64 = 21;
const EM_S390 = 22;
const EM_X86_64 = 62;
const EM_AARCH64 = 183;
const EM_RISCV = 243;
const EM_LOONGARCH = 258;

/**
 * Returns the architecture by `e_machine` and byte order. Null if the kernel has no livepatch support on it.
 */
export function findMachine(machine: number, little: boolean): Machine | null {
  if (machine === EM_S390 && !little) return { arch: 's390x', absolute64: 22 };
  if (machine === EM_PPC64) return { arch: little ? 'ppc64le' : 'ppc64', absolute64: 38 };
  if (!little) return null;
  switch (machine) {
    case EM_X86_64:
      return { arch: 'x86_64', absolute64: 1 };
    case EM_AARCH64:
      return { arch: 'aarch64', absolute64: 257 };
    case EM_RISCV:
      return { arch: 'riscv64', absolute64: 2 };
    case EM_LOONGARCH:
      return { arch: 'loongarch64', absolute64: 2 };
    default:
      return null;
  }
}
