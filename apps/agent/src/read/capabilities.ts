import type { Report } from '@klpreg/wire';
import { unreadable } from '../failure.js';
import { Forbidden, readAttribute, readBytes } from './attribute.js';
import { structMembers } from './btf.js';
import { readKallsyms } from './kallsyms.js';
import type { PatchFolder } from './livepatch.js';
import type { Paths } from './paths.js';

type Capabilities = Report['capabilities'];

const MOST_BTF = 128 << 20;
const LOCKDOWN = ['none', 'integrity', 'confidentiality'] as const;

/** What may not be read is not known here, and said on stderr: it must not keep the livepatches themselves from being told. */
export function unlessForbidden<T>(read: () => T, warn: (text: string) => void): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error;
    warn(error.message);
    return null;
  }
}

function readLockdown(path: string): Capabilities['lockdown'] {
  const text = readAttribute(path, /^(?=.*\[(none|integrity|confidentiality)\])[a-z [\]]{1,80}$/, 'none integrity confidentiality, one of them in brackets');
  return LOCKDOWN.find((mode) => text?.includes(`[${mode}]`)) ?? null;
}

function readBtf(path: string): Capabilities['btf'] {
  const bytes = readBytes(path, MOST_BTF);
  if (bytes === null) return null;
  try {
    return { klpState: structMembers(bytes, 'klp_state') };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw unreadable(path, error.message);
  }
}

function attributesOf(folders: readonly PatchFolder[]): Capabilities['sysfs'] {
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
 * What can this kernel do, and say, about livepatches?
 *
 * By looking, never by the kernel's version: distributions backport.
 *
 * @param folders the directories below `/sys/kernel/livepatch`; null where there is no livepatch support
 */
export function readCapabilities(paths: Paths, folders: readonly PatchFolder[] | null, warn: (text: string) => void): Capabilities {
  const enforced = unlessForbidden(() => readAttribute(paths.signatureEnforced, /^[YN]$/, 'Y or N'), warn);
  return {
    livepatch: folders !== null,
    sysfs: attributesOf(folders ?? []),
    kallsyms: unlessForbidden(() => readKallsyms(paths.kallsyms), warn),
    btf: unlessForbidden(() => readBtf(paths.btf), warn),
    lockdown: unlessForbidden(() => readLockdown(paths.lockdown), warn),
    signatureEnforced: enforced === null ? null : enforced === 'Y',
  };
}
