import { join } from 'node:path';

/** Where the trees of a host begin. On a real host `/sys`, `/proc` and so on; a captured tree can stand in for each. */
export interface Roots {
  readonly sys: string;
  readonly proc: string;
  readonly libModules: string;
  readonly kpatch: string;
  /** What `/etc` and `/usr/lib` are below; null where sys or proc was given alone, so that two hosts are never mixed. */
  readonly system: string | null;
}

/**
 * Where does the agent look?
 *
 * The one place that knows. Nothing below sys and proc is ever written, and `livepatch/P/force` (0200) is never opened.
 *
 * @see https://docs.kernel.org/livepatch/livepatch.html#sysfs and Documentation/ABI/testing/sysfs-kernel-livepatch
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

    /** Where livepatch modules are put: by hand, by packages, by SUSE, by kpatch. */
    moduleFolders: (release: string) => [
      ...['extra', 'updates', 'livepatch', 'kernel/livepatch', 'kernel/kernel/livepatch', 'weak-updates'].map((folder) => join(libModules, release, folder)),
      join(kpatch, release),
    ],
    /** Below it vendors have a folder for each kernel: in `kpatch`, and in folders whose name begins with `livepatch`. */
    vendors: system === null ? null : join(system, 'usr/lib'),
    kernelLog: system === null ? null : join(system, 'dev/kmsg'),
    kpatchFolder: (release: string) => join(kpatch, release),
    /** systemd's folder of units; a link to kpatch.service below one of its `*.wants` says that it runs at boot. */
    enabledUnits: system === null ? null : join(system, 'etc/systemd/system'),
  };
}
export type Paths = ReturnType<typeof pathsOf>;
