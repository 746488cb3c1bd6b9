import { z } from 'zod';
import { BuildId, Instant, Labels, line, ModuleName, Sha256, Uuid, word } from './names.js';
import { UInt32, WireState } from './numbers.js';

/**
 * The source of a host's reading: the memory of the running kernel, or a module file with the same build-id.
 */
const HostEvidence = z.enum(['LIVE', 'FILE']);

/** What a module declares, as read on the host that loaded it. Counts for that host only. */
export const HostReading = z.strictObject({
  evidence: HostEvidence,
  /** SHA-256 of the uncompressed module file. Null for `LIVE`. */
  sha256: Sha256.nullable(),
  replace: z.boolean().nullable(),
  /**
   * The states that the kernel compares, up to the first id
   * 0. Null: not readable, for the reason in `unreadable`.
   */
  states: z.array(WireState).max(4096).nullable(),
  unreadable: word(500).nullable(),
  impact: z.enum(['NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE']),
  callbacks: z
    .strictObject({
      prePatch: z.boolean(),
      postPatch: z.boolean(),
      preUnpatch: z.boolean(),
      postUnpatch: z.boolean(),
    })
    .nullable(),
});

const Function = z.strictObject({ name: word(511), sympos: UInt32 });

const PatchedObject = z.strictObject({
  /** `vmlinux` or a module's name. */
  name: word(55),
  /** `/sys/kernel/livepatch/P/OBJ/patched`, since 6.1. */
  patched: z.boolean().nullable(),
  functions: z.array(Function).max(20_000),
});

/** State and taint of a loaded module. Absent or null: not reported. That never means Live or untainted. */
const moduleFacts = {
  /** The state column of `/proc/modules`, or `initstate` of sysfs. */
  moduleState: z.enum(['Live', 'Loading', 'Going']).nullable().optional(),
  /** `/sys/module/M/taint`, such as `OEK`. */
  moduleTaint: z
    .string()
    .regex(/^[A-Z+-]{0,64}$/, "must be the letters of a module's taint, such as OEK")
    .nullable()
    .optional(),
};

/** One directory below `/sys/kernel/livepatch`. Null: the kernel does not have this attribute. */
export const Livepatch = z.strictObject({
  name: ModuleName,
  buildId: BuildId.nullable(),
  srcversion: word(64).nullable(),
  /** Null: not readable. */
  enabled: z.boolean().nullable(),
  /** Null: not readable, or a kernel without the attribute. It never means that no transition is open. */
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

/**
 * Settings that can prevent loading a module or patching
 * a function. Null: not readable, which never means off.
 */
const Gates = z.strictObject({
  /** `kernel.modules_disabled` */
  modulesDisabled: z.boolean().nullable(),
  /** `kernel.ftrace_enabled` */
  ftraceEnabled: z.boolean().nullable(),
});

/** The livepatch events in the kernel log since the boot, in their order. */
const KernelLog = z.strictObject({
  /** The log reaches back to the boot: no record was overwritten. */
  reachesBoot: z.boolean(),
  events: z
    .array(
      z.strictObject({
        patch: ModuleName,
        /**
         * `ENABLING`: "enabling patch". `PATCHED`, `UNPATCHED`: the transition completed. `UNPATCHING`: it
         * was started by disabling. `REVERSED`: an open transition was reversed. `FORCED`: tasks were forced.
         */
        event: z.enum(['ENABLING', 'PATCHED', 'UNPATCHING', 'UNPATCHED', 'REVERSED', 'FORCED']),
      }),
    )
    .max(1_000),
});

const Capabilities = z.strictObject({
  /** `/sys/kernel/livepatch` exists: the kernel has livepatch support. */
  livepatch: z.boolean(),
  /** The attributes of a patch's directory. Null while there is no such directory. */
  sysfs: z
    .strictObject({
      replace: z.boolean(),
      stackOrder: z.boolean(),
      patched: z.boolean(),
      force: z.boolean(),
      replaceSet: z.boolean(),
    })
    .nullable(),
  /** The `klp_*` names in `/proc/kallsyms`. Null: not readable. `complete` only if it was read to its end. */
  kallsyms: z.strictObject({ complete: z.boolean(), symbols: z.array(word(128)).max(500) }).nullable(),
  /** Field names of `struct klp_state` in the kernel's BTF. Null without BTF. */
  btf: z.strictObject({ klpState: z.array(word(128)).max(64).nullable() }).nullable(),
  /** `/sys/kernel/security/lockdown`. Null if it does not exist. */
  lockdown: z.enum(['none', 'integrity', 'confidentiality']).nullable(),
  /** `module.sig_enforce`. Null: unknown. */
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

/** A reading of the wall clock and of the monotonic clock, which is never set. */
export const Clock = z
  .strictObject({
    /** Wall clock at the observation. */
    wall: Instant,
    /**
     * Monotonic milliseconds since boot at the observation and
     * at sending. The difference is the time in the spool.
     */
    observedMs: z.number().min(0).max(1e13),
    sentMs: z.number().min(0).max(1e13),
  })
  .refine((clock) => clock.sentMs >= clock.observedMs, {
    path: ['sentMs'],
    message: 'must not be before observedMs: both are of the same monotonic clock',
  });

/**
 * The sequence number of an instance, reserved on disk before
 * sending. A higher one is newer, in any order of arrival.
 */
const Sequence = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** The facts of a host at one instant. `POST /v1/reports` */
export const Report = z.strictObject({
  schema: z.literal('report/v1'),
  agent: z.strictObject({ version: word(64) }),
  sequence: Sequence,
  /** SHA-256 of the content, see `contentDigest`. */
  digest: Sha256,
  clock: Clock,
  host: z.strictObject({
    /** Generated once in the life of the host. The registry's host id. */
    instance: Uuid,
    /** Application-specific hash of the machine id, never the raw id. Null without a machine id. */
    machine: Sha256.nullable(),
    hostname: word(253),
    /** Labels that the agent reports. The registry stores them as `agent.KEY`. */
    labels: Labels,
    bootId: Uuid,
    kernelRelease: word(128),
    kernelVersion: word(256),
    /** The running kernel's own build-id, from `/sys/kernel/notes`. */
    kernelBuildId: BuildId.nullable().optional(),
    arch: z.string().regex(/^[a-z0-9_]{1,32}$/, 'must be as `uname -m` says, such as x86_64'),
    distribution: z
      .strictObject({ id: word(64), version: word(64).nullable(), name: word(128).nullable() })
      .nullable(),
  }),
  capabilities: Capabilities,
  /**
   * `/proc/sys/kernel/tainted`. Null: not readable. Bit 15 (K): loading a livepatch was attempted since boot.
   */
  taint: z
    .int()
    .min(0)
    .max(2 ** 48)
    .nullable(),
  /** The kernel's list, oldest first. */
  livepatches: z
    .array(Livepatch)
    .max(500)
    .refine(
      (patches) => new Set(patches.map((patch) => patch.name)).size === patches.length,
      'lists a name twice; the kernel loads a name only once',
    )
    .refine(
      (patches) => patches.filter((patch) => patch.transition === true).length <= 1,
      'has two open transitions; the kernel has at most one',
    ),
  leftovers: z.array(Leftover).max(500),
  /** Absent: the agent does not read them. */
  gates: Gates.optional(),
  /** Signs of other live patching systems, such as `/sys/kernel/kpatch` or `module kcare`. */
  otherLivePatching: z.array(word(128)).max(50).optional(),
  /**
   * What could not be read of the list, `enabled`, `transition`,
   * the modules or their taint: a sentence for each.
   */
  unread: z.array(word(500)).max(100).optional(),
  /** What else could not be read, and what was used instead: a sentence for each. */
  warnings: z.array(word(500)).max(100).optional(),
  /** The first observation without a gap since, in monotonic milliseconds like `clock.observedMs`. */
  watchedSinceMs: z.number().min(0).max(1e13).nullable().optional(),
  /** Null: not readable. */
  kernelLog: KernelLog.nullable().optional(),
  /** What the next boot would load. Null: unknown. */
  bootPersistence: z
    .strictObject({
      source: word(256),
      kernelRelease: word(128).nullable(),
      loads: z.array(z.strictObject({ name: ModuleName, buildId: BuildId.nullable() })).max(500),
    })
    .nullable(),
  /** The open transition: when the agent first saw it, and the tasks that block it. */
  transition: z
    .strictObject({
      patch: ModuleName,
      since: Instant.nullable(),
      tasks: z.array(Task).max(1_000),
      moreTasks: z.int().min(0).max(1e7),
    })
    .nullable(),
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
