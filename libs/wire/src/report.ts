import { z } from 'zod';
import { BuildId, Instant, Labels, line, ModuleName, Sha256, Uuid, word } from './names.js';
import { UInt32, WireState } from './numbers.js';

/** Where a host's own knowledge of a patch's states comes from: the running kernel's memory, or a module file on its disk with the same build-id. */
const HostEvidence = z.enum(['LIVE', 'FILE']);

/** What a module declares, as the host that loaded it could read it. Counts for that host alone. */
export const HostReading = z.strictObject({
  evidence: HostEvidence,
  /** Of the uncompressed module file; null for `LIVE`. */
  sha256: Sha256.nullable(),
  replace: z.boolean().nullable(),
  /** What the kernel compares, up to the first id 0; null where it cannot be read, and then `unreadable` says why. */
  states: z.array(WireState).max(4096).nullable(),
  unreadable: word(500).nullable(),
  impact: z.enum(['NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE']),
  callbacks: z.strictObject({ prePatch: z.boolean(), postPatch: z.boolean(), preUnpatch: z.boolean(), postUnpatch: z.boolean() }).nullable(),
});

const Function = z.strictObject({ name: word(511), sympos: UInt32 });

const PatchedObject = z.strictObject({
  /** `vmlinux` or a module's name. */
  name: word(55),
  /** `/sys/kernel/livepatch/P/OBJ/patched`, since 6.1. */
  patched: z.boolean().nullable(),
  functions: z.array(Function).max(20_000),
});

/** State and taint of a loaded module. Absent or null: not reported, which never means Live or untainted. */
const moduleFacts = {
  /** Last column but one of `/proc/modules`, or `initstate` of sysfs. */
  moduleState: z.enum(['Live', 'Loading', 'Going']).nullable().optional(),
  /** `/sys/module/M/taint`, such as `OEK`. */
  moduleTaint: z
    .string()
    .regex(/^[A-Z+-]{0,64}$/, "must be the letters of a module's taint, such as OEK")
    .nullable()
    .optional(),
};

/** One directory below `/sys/kernel/livepatch`. An attribute that this kernel does not have is null. */
export const Livepatch = z.strictObject({
  name: ModuleName,
  buildId: BuildId.nullable(),
  srcversion: word(64).nullable(),
  /** null: not readable. */
  enabled: z.boolean().nullable(),
  /** null: not readable, or a kernel without the attribute. It never means settled. */
  transition: z.boolean().nullable(),
  replace: z.boolean().nullable(),
  stackOrder: z.int().min(0).max(100_000).nullable(),
  refcount: z
    .int()
    .min(-1)
    .max(2 ** 31)
    .nullable(),
  objects: z.array(PatchedObject).max(2_000),
  reading: HostReading.nullable(),
  ...moduleFacts,
});

/** A livepatch module that is loaded (taint K) and no longer on the list. */
export const Leftover = z.strictObject({
  name: ModuleName,
  buildId: BuildId.nullable(),
  srcversion: word(64).nullable(),
  /** 0: `rmmod` removes it. 1 or more: pinned, or just being freed. */
  refcount: z
    .int()
    .min(-1)
    .max(2 ** 31)
    .nullable(),
  reading: HostReading.nullable(),
  ...moduleFacts,
});

/** Settings that decide whether a module can be loaded or a function patched. null: not readable, which never means off. */
const Gates = z.strictObject({
  /** `kernel.modules_disabled` */
  modulesDisabled: z.boolean().nullable(),
  /** `kernel.ftrace_enabled` */
  ftraceEnabled: z.boolean().nullable(),
});

/** What the kernel log says about livepatches since the boot, in its order. */
const KernelLog = z.strictObject({
  /** The log reaches back to the boot: no line of it was overwritten. */
  reachesBoot: z.boolean(),
  events: z
    .array(
      z.strictObject({
        patch: ModuleName,
        /**
         * `ENABLING`: "enabling patch". `PATCHED`, `UNPATCHED`: the transition completed. `UNPATCHING`: it was started by disabling.
         * `REVERSED`: an open transition was reversed. `FORCED`: tasks were forced.
         */
        event: z.enum(['ENABLING', 'PATCHED', 'UNPATCHING', 'UNPATCHED', 'REVERSED', 'FORCED']),
      }),
    )
    .max(1_000),
});

const Capabilities = z.strictObject({
  /** `/sys/kernel/livepatch` is there: the kernel has livepatch support. */
  livepatch: z.boolean(),
  /** Which attributes a patch's directory has; null while there is no directory to look at. */
  sysfs: z.strictObject({ replace: z.boolean(), stackOrder: z.boolean(), patched: z.boolean(), force: z.boolean(), replaceSet: z.boolean() }).nullable(),
  /** Which `klp_*` names `/proc/kallsyms` has; null where it could not be read. `complete` only when it was read to its end. */
  kallsyms: z.strictObject({ complete: z.boolean(), symbols: z.array(word(128)).max(500) }).nullable(),
  /** Field names of `struct klp_state` in the kernel's BTF; null where there is no BTF to read. */
  btf: z.strictObject({ klpState: z.array(word(128)).max(64).nullable() }).nullable(),
  /** `/sys/kernel/security/lockdown`; null where there is none. */
  lockdown: z.enum(['none', 'integrity', 'confidentiality']).nullable(),
  /** `module.sig_enforce`; null where it cannot be told. */
  signatureEnforced: z.boolean().nullable(),
});

const Task = z.strictObject({
  pid: z
    .int()
    .min(1)
    .max(2 ** 31),
  comm: line(64),
  patchState: z.int().min(-1).max(1),
});

/** A clock reading: the wall, and the monotonic clock that no one sets. */
export const Clock = z
  .strictObject({
    /** Wall clock at observing. */
    wall: Instant,
    /** Monotonic milliseconds (since boot) at observing, and at sending: their difference is how long the document was spooled. */
    observedMs: z.number().min(0).max(1e13),
    sentMs: z.number().min(0).max(1e13),
  })
  .refine((clock) => clock.sentMs >= clock.observedMs, { path: ['sentMs'], message: 'must not be before observedMs: both are of the same monotonic clock' });

/** One for the life of an instance, reserved on disk before sending; a higher one is newer, whenever it arrives. */
const Sequence = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** What an agent saw at one instant. `POST /v1/reports` */
export const Report = z.strictObject({
  schema: z.literal('report/v1'),
  agent: z.strictObject({ version: word(64) }),
  sequence: Sequence,
  /** SHA-256 of the content, see `contentDigest`. */
  digest: Sha256,
  clock: Clock,
  host: z.strictObject({
    /** Generated once for the life of the host; the registry's host id. */
    instance: Uuid,
    /** Hash of the machine id that only this application can make; never the raw id. Null where there is none. */
    machine: Sha256.nullable(),
    hostname: word(253),
    /** The host's own words, kept under `agent.`. */
    labels: Labels,
    bootId: Uuid,
    kernelRelease: word(128),
    kernelVersion: word(256),
    /** The running kernel's own build-id, from `/sys/kernel/notes`. */
    kernelBuildId: BuildId.nullable().optional(),
    arch: z.string().regex(/^[a-z0-9_]{1,32}$/, 'must be as `uname -m` says, such as x86_64'),
    distribution: z.strictObject({ id: word(64), version: word(64).nullable(), name: word(128).nullable() }).nullable(),
  }),
  capabilities: Capabilities,
  /** `/proc/sys/kernel/tainted`; null where it could not be read. Bit 15 (K) says that a livepatch was attempted since boot. */
  taint: z
    .int()
    .min(0)
    .max(2 ** 48)
    .nullable(),
  /** The kernel's list, oldest first. */
  livepatches: z
    .array(Livepatch)
    .max(500)
    .refine((patches) => new Set(patches.map((patch) => patch.name)).size === patches.length, 'lists a name twice; the kernel loads a name only once')
    .refine((patches) => patches.filter((patch) => patch.transition === true).length <= 1, 'has two open transitions; the kernel has at most one'),
  leftovers: z.array(Leftover).max(500),
  /** Absent: an agent that does not read them. */
  gates: Gates.optional(),
  /** Other live patching systems, by what shows them, such as `/sys/kernel/kpatch` or `module kcare`. */
  otherLivePatching: z.array(word(128)).max(50).optional(),
  /** What could not be read in full of the list, `enabled`, `transition`, the modules or their taint: a sentence for each. */
  unread: z.array(word(500)).max(100).optional(),
  /** What else could not be read, and what was taken in its place. For people. */
  warnings: z.array(word(500)).max(100).optional(),
  /** Monotonic milliseconds since boot from which on the agent has looked without a gap. Same clock as `clock.observedMs`. */
  watchedSinceMs: z.number().min(0).max(1e13).nullable().optional(),
  /** null: not readable. */
  kernelLog: KernelLog.nullable().optional(),
  /** What would be loaded at the next boot; null where it cannot be told. */
  bootPersistence: z
    .strictObject({
      source: word(256),
      kernelRelease: word(128).nullable(),
      loads: z.array(z.strictObject({ name: ModuleName, buildId: BuildId.nullable() })).max(500),
    })
    .nullable(),
  /** The open transition: since when the agent has seen it, and the tasks that hold it up. */
  transition: z.strictObject({ patch: ModuleName, since: Instant.nullable(), tasks: z.array(Task).max(1_000), moreTasks: z.int().min(0).max(1e7) }).nullable(),
});
export type Report = z.infer<typeof Report>;

/** Nothing changed since the report with this digest. `POST /v1/heartbeats` */
export const Heartbeat = z.strictObject({
  schema: z.literal('heartbeat/v1'),
  instance: Uuid,
  bootId: Uuid,
  sequence: Sequence,
  digest: Sha256,
  clock: Clock,
});
export type Heartbeat = z.infer<typeof Heartbeat>;
