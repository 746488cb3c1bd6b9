import type { Report } from '@klpreg/wire';
import type { Kernel } from './kernels.js';

const SYMBOLS = [
  'klp_cleanup_module_patches_limited',
  'klp_enable_patch',
  'klp_find_section_by_name',
  'klp_module_coming',
  'klp_module_going',
  'klp_send_signals',
  'klp_shadow_alloc',
  'klp_shadow_free',
  'klp_shadow_get',
  'klp_try_complete_transition',
  'klp_update_patch_state',
];
const WITH_STATES = ['klp_get_prev_state', 'klp_get_state', 'klp_is_patch_compatible'];

const sysfsOf = (number: number): Report['capabilities']['sysfs'] => ({
  replace: number >= 611,
  stackOrder: number >= 614,
  patched: number >= 601,
  force: true,
  replaceSet: false,
});

/** Returns the capabilities that an agent reports for a kernel, by the Linux version that introduced each. */
export function capabilitiesOf(kernel: Kernel, hasPatches: boolean): Report['capabilities'] {
  const { number, lockdown, signatureEnforced } = kernel;
  return {
    livepatch: true,
    sysfs: hasPatches ? sysfsOf(number) : null,
    kallsyms: {
      complete: true,
      symbols: (number >= 505 ? [...SYMBOLS, ...WITH_STATES] : SYMBOLS).toSorted(),
    },
    btf: number >= 512 ? { klpState: ['id', 'version', 'data'] } : null,
    lockdown,
    signatureEnforced,
  };
}
