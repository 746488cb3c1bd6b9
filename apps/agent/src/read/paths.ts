import { join } from 'node:path';

/** The root directories to read: `/sys`, `/proc` and so on, or those of a captured tree. */
export interface Roots {
  readonly sys: string;
  readonly proc: string;
  readonly libModules: string;
  readonly kpatch: string;
  /**
   * The root of `/etc` and `/usr/lib`. Null if only sys or
   * proc was configured, so that two hosts are never mixed.
   */
  readonly system: string | null;
}

/**
 * Returns all paths that the agent reads.
 *
 * Nothing below sys and proc is ever written, and `livepatch/P/force` (0200) is never opened.
 *
 * @see https://docs.kernel.org/livepatch/livepatch.html#sysfs
 *   and Documentation/ABI/testing/sysfs-kernel-livepatch
 */
export function pathsOf(roots: Roots) {
  const { sys, proc, libModules, kpatch, system } = roots;
  return {
    livepatches: join(sys, 'kernel/livepatch'),
    livepatch: (patch: string) => join(sys, 'kernel/livepatch', patch),

    kernelObjects: join(sys, 'kernel'),
    kpatchCore: join(sys, 'kernel/kpatch'),
    kgraftCore: join(sys, 'kernel/kgraft'),
    kernelNotes: join(sys, 'kernel/notes'),

    modules: join(sys, 'module'),
    initStateOf: (module: string) => join(sys, 'module', module, 'initstate'),
    taintOf: (module: string) => join(sys, 'module', module, 'taint'),
    refcountOf: (module: string) => join(sys, 'module', module, 'refcnt'),
    srcversionOf: (module: string) => join(sys, 'module', module, 'srcversion'),
    buildIdNoteOf: (module: string) => join(sys, 'module', module, 'notes/.note.gnu.build-id'),
    signatureEnforced: join(sys, 'module/module/parameters/sig_enforce'),

    btf: join(sys, 'kernel/btf/vmlinux'),
    lockdown: join(sys, 'kernel/security/lockdown'),

    loadedModules: join(proc, 'modules'),
    kallsyms: join(proc, 'kallsyms'),
    tainted: join(proc, 'sys/kernel/tainted'),
    modulesDisabled: join(proc, 'sys/kernel/modules_disabled'),
    ftraceEnabled: join(proc, 'sys/kernel/ftrace_enabled'),
    kernelArch: join(proc, 'sys/kernel/arch'),
    kernelRelease: join(proc, 'sys/kernel/osrelease'),
    kernelVersion: join(proc, 'sys/kernel/version'),
    kernelBanner: join(proc, 'version'),
    hostname: join(proc, 'sys/kernel/hostname'),
    bootId: join(proc, 'sys/kernel/random/boot_id'),

    processes: proc,
    process: (pid: string) => join(proc, pid),
    threads: (pid: string) => join(proc, pid, 'task'),
    thread: (pid: string, tid: string) => join(proc, pid, 'task', tid),

    distribution: system === null ? [] : [join(system, 'etc/os-release'), join(system, 'usr/lib/os-release')],
    machineId: system === null ? null : join(system, 'etc/machine-id'),

    /** Directories of livepatch modules: local ones, packages, SUSE, kpatch. */
    moduleFolders: (release: string) => [
      ...['extra', 'updates', 'livepatch', 'kernel/livepatch', 'kernel/kernel/livepatch', 'weak-updates'].map(
        (folder) => join(libModules, release, folder),
      ),
      join(kpatch, release),
    ],
    /** Vendors have a directory for each kernel below its `kpatch` and `livepatch*`. */
    vendors: system === null ? null : join(system, 'usr/lib'),
    kernelLog: system === null ? null : join(system, 'dev/kmsg'),
    kpatchFolder: (release: string) => join(kpatch, release),
    /** systemd's units. A link to kpatch.service below one of its `*.wants` starts it at boot. */
    enabledUnits: system === null ? null : join(system, 'etc/systemd/system'),
  };
}
export type Paths = ReturnType<typeof pathsOf>;
