import { Injectable } from '@nestjs/common';
import type {
  BootHistory,
  BootPersistence,
  Capabilities,
  UnlistedPatch,
  HostGates,
  LeftoverModule,
  ListedPatch,
  Reading,
  Situation,
} from '@klpreg/compat';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { named, sql } from '../../database/sql.js';
import { ContentIds } from './content-ids.js';
import { isDangling } from '../../database/unavailable.js';
import { ContentCache, ContentTable } from './content-table.js';

type WireReading = Omit<Reading, 'states'> & {
  readonly states: readonly { readonly id: string; readonly version: number }[] | null;
};
type Stored<T> = Omit<T, 'reading'> & { readonly reading: WireReading | null };

/** The column `situation.facts`. */
interface Facts {
  readonly capabilities: Capabilities;
  readonly leftovers: readonly Stored<LeftoverModule>[];
  readonly unlisted: readonly Stored<UnlistedPatch>[];
  readonly previous: readonly string[] | null;
  readonly kernelBuildId: string | null;
  readonly gates: HostGates;
  readonly otherLivePatching: readonly string[];
  readonly unread: readonly string[];
  readonly tainted: boolean | null;
  readonly bootHistory: BootHistory;
  readonly historyTooLong: boolean;
  readonly boot: BootPersistence | null;
}

interface Row {
  readonly id: string;
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  readonly arch: string;
  readonly facts: unknown;
  /** Of its stack. */
  readonly patches: unknown;
}

const storeReading = (reading: Reading | null): WireReading | null =>
  reading === null
    ? null
    : {
        ...reading,
        states: reading.states?.map(({ id, version }) => ({ id: id.toString(), version })) ?? null,
      };
const loadReading = (reading: WireReading | null): Reading | null =>
  reading === null
    ? null
    : { ...reading, states: reading.states?.map(({ id, version }) => ({ id: BigInt(id), version })) ?? null };
const store = <T extends { readonly reading: Reading | null }>(patches: readonly T[]): Stored<T>[] =>
  patches.map((patch) => ({ ...patch, reading: storeReading(patch.reading) }));
const load = <T>(patches: readonly Stored<T>[]): T[] =>
  patches.map((patch) => ({ ...patch, reading: loadReading(patch.reading) })) as T[];

/** A situation as it will be stored. */
export interface SituationDraft {
  readonly id: string;
  readonly stackId: string;
  readonly patches: readonly Stored<ListedPatch>[];
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  readonly arch: string;
  readonly facts: Facts;
}

const stackIds = new ContentIds(4_000);
const situationIds = new ContentIds(4_000);

export function toSituationDraft(situation: Situation): SituationDraft {
  const patches = store(situation.list);
  const {
    list: _list,
    suspect: _suspect,
    kernelRelease,
    kernelVersion,
    arch,
    leftovers,
    unlisted,
    ...others
  } = situation;
  const facts: Facts = { ...others, leftovers: store(leftovers), unlisted: store(unlisted) };
  const stackId = stackIds.of(patches);
  return {
    id: situationIds.of({ stackId, kernelRelease, kernelVersion, arch, facts }),
    stackId,
    patches,
    kernelRelease,
    kernelVersion,
    arch,
    facts,
  };
}

/** The size of a situation in the cache: its patches and states. Each takes a few hundred bytes. */
const sizeOf = ({ list, leftovers, unlisted }: Situation): number =>
  [...list, ...leftovers, ...unlisted].reduce(
    (size, { reading }) => size + 1 + (reading?.states?.length ?? 0),
    1,
  );

interface StackDraft {
  readonly id: string;
  readonly patches: SituationDraft['patches'];
}

/** Situations and stacks: stored once, by the digest of their content. */
@Injectable()
export class SituationsStore {
  private readonly stacks: ContentTable<StackDraft>;
  private readonly table: ContentTable<SituationDraft>;
  private readonly cache = new ContentCache<Situation>(50_000, 1_000_000, sizeOf);

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {
    this.stacks = new ContentTable({
      find: async (ids) => this.db.stack.findMany({ where: { id: { in: ids } }, select: { id: true } }),
      insert: async (drafts) => this.insertStacks(drafts),
    });
    this.table = new ContentTable({
      find: async (ids) => this.db.situation.findMany({ where: { id: { in: ids } }, select: { id: true } }),
      insert: async (drafts) => this.insert(drafts),
    });
  }

  /** Stores situations, in transactions of their own: before those of the hosts, never within them. */
  async keep(drafts: readonly SituationDraft[]): Promise<void> {
    try {
      await this.table.keep(drafts);
    } catch (error) {
      if (!isDangling(error)) throw error;
      // the database was restored, and lacks a stack that this process has stored
      this.forget();
      await this.table.keep(drafts);
    }
  }

  private async insert(drafts: readonly SituationDraft[]): Promise<void> {
    await this.stacks.keep(drafts.map(({ stackId, patches }) => ({ id: stackId, patches })));
    const data = drafts.map(({ patches: _patches, facts, ...columns }) => ({
      ...columns,
      facts: facts as object,
    }));
    await this.db.situation.createMany({ data, skipDuplicates: true });
  }

  private async insertStacks(drafts: readonly StackDraft[]): Promise<void> {
    const stacks = drafts.map(({ id, patches }) => ({ id, patches: patches as object[] }));
    const members = drafts.flatMap(({ id, patches }) =>
      patches.map(({ name, buildId }, position) => ({ stackId: id, position, name, buildId })),
    );
    await this.db.$transaction([
      this.db.stack.createMany({ data: stacks, skipDuplicates: true }),
      this.db.stackPatch.createMany({ data: members, skipDuplicates: true }),
    ]);
  }

  /**
   * The situations with these ids.
   *
   * @param primaryAlone for ingest, which does not read from a replica
   */
  async load(ids: readonly string[], primaryAlone = false): Promise<Map<string, Situation>> {
    return this.cache.load(
      ids,
      primaryAlone ? [this.db] : [this.read, this.db],
      async (missing, database) => {
        const rows = await database.$queryRaw<Row[]>(
          named(
            'situations.load',
            sql`
              SELECT s.id,
                     s.kernel_release AS "kernelRelease",
                     s.kernel_version AS "kernelVersion",
                     s.arch,
                     s.facts,
                     k.patches
                FROM situation s
                JOIN stack k ON k.id = s.stack_id
               WHERE s.id = ANY(${missing}::uuid[])`,
          ),
        );
        return rows.map((row) => [row.id, toSituation(row)]);
      },
    );
  }

  /** Looks everything up again, as after the database was restored. */
  forget(): void {
    this.table.forget();
    this.stacks.forget();
  }
}

/** Facts that earlier agents did not report. */
const BEFORE_GATES = {
  kernelBuildId: null,
  gates: { modulesDisabled: null, ftraceEnabled: null },
  otherLivePatching: [],
  unread: [],
  bootHistory: 'STARTED_LATE',
  historyTooLong: false,
} as const;
const NO_MODULE_STATE = { moduleState: null } as const;
const NO_MODULE_FACTS = { ...NO_MODULE_STATE, moduleTaint: null, file: null } as const;

/** The only mapping of a situation's row. Whether a host is suspect is in the row of the host. */
function toSituation(row: Row): Situation {
  const facts = row.facts as Facts;
  return {
    ...BEFORE_GATES,
    ...facts,
    kernelRelease: row.kernelRelease,
    kernelVersion: row.kernelVersion,
    arch: row.arch,
    list: load<ListedPatch>(row.patches as Stored<ListedPatch>[]).map((patch) => ({
      ...NO_MODULE_FACTS,
      ...patch,
    })),
    leftovers: load<LeftoverModule>(facts.leftovers).map((module) => ({ ...NO_MODULE_STATE, ...module })),
    unlisted: load<UnlistedPatch>(facts.unlisted),
    suspect: false,
  };
}
