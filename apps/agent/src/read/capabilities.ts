import type { Report } from '@klpreg/wire';
import { unreadable } from '../failure.js';
import { readAttribute, readBytes } from './attribute.js';
import { structMembers } from './btf.js';
import { readKallsyms } from './kallsyms.js';
import type { PatchDirectory } from './sys-livepatch.js';
import { orNull } from './read-problems.js';
import type { Paths } from './paths.js';

type Capabilities = Report['capabilities'];

const MAX_BTF = 128 << 20;
const LOCKDOWN = ['none', 'integrity', 'confidentiality'] as const;

function readLockdown(path: string): Capabilities['lockdown'] {
  const text = readAttribute(
    path,
    /^(?=.*\[(none|integrity|confidentiality)\])[a-z [\]]{1,80}$/,
    'none integrity confidentiality, one of them in brackets',
  );
  return LOCKDOWN.find((mode) => text?.includes(`[${mode}]`)) ?? null;
}

function readBtf(path: string): Capabilities['btf'] {
  const bytes = readBytes(path, MAX_BTF);
  if (bytes === null) return null;
  try {
    return { klpState: structMembers(bytes, 'klp_state') };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw unreadable(path, error.message);
  }
}

function attributesOf(folders: readonly PatchDirectory[]): Capabilities['sysfs'] {
  if (folders.length === 0) return null;
  const has = (attribute: string) => folders.some((folder) => folder.attributes.includes(attribute));
  return {
    replace: has('replace'),
    stackOrder: has('stack_order'),
    patched: folders.some((folder) => folder.objects.some((object) => object.patched !== null)),
    force: has('force'),
    replaceSet: has('replace_set'),
  };
}

/**
 * Returns the livepatch features of this kernel, and what it exposes.
 *
 * Never derived from the kernel's version, because distributions backport.
 *
 * @param folders the directories below `/sys/kernel/livepatch`; null without livepatch support
 * @param warnings receives a sentence for each fact that cannot be read and is null
 */
export function readCapabilities(
  paths: Paths,
  folders: readonly PatchDirectory[] | null,
  warnings: string[],
): Capabilities {
  const maybe = <T>(read: () => T): T | null => orNull(warnings, read);
  const enforced = maybe(() => readAttribute(paths.signatureEnforced, /^[YN]$/, 'Y or N'));
  return {
    livepatch: folders !== null,
    sysfs: attributesOf(folders ?? []),
    kallsyms: maybe(() => readKallsyms(paths.kallsyms)),
    btf: maybe(() => readBtf(paths.btf)),
    lockdown: maybe(() => readLockdown(paths.lockdown)),
    signatureEnforced: enforced === null ? null : enforced === 'Y',
  };
}
