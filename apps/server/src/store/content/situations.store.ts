import { Injectable } from '@nestjs/common';
import type { BootHistory, BootPersistence, Capabilities, UnlistedPatch, HostGates, LeftoverModule, ListedPatch, Reading, Situation } from '@klpreg/compat';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { ContentIds } from './content-ids.js';
import { Held } from './held.js';
import { retrying } from '../../database/unavailable.js';

type WireReading = Omit<Reading, 'states'> & { readonly states: readonly { readonly id: string; readonly version: number }[] | null };
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
  readonly stack: { readonly patches: unknown };
}

const storeReading = (reading: Reading | null): WireReading | null =>
  reading === null ? null : { ...reading, states: reading.states?.map(({ id, version }) => ({ id: id.toString(), version })) ?? null };
const loadReading = (reading: WireReading | null): Reading | null =>
  reading === null ? null : { ...reading, states: reading.states?.map(({ id, version }) => ({ id: BigInt(id), version })) ?? null };
const store = <T extends { readonly reading: Reading | null }>(patches: readonly T[]): Stored<T>[] =>
  patches.map((patch) => ({ ...patch, reading: storeReading(patch.reading) }));
const load = <T>(patches: readonly Stored<T>[]): T[] => patches.map((patch) => ({ ...patch, reading: loadReading(patch.reading) })) as T[];

/** A situation as it will be stored, and the id that follows from its content. */
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
  const { list: _list, suspect: _suspect, kernelRelease, kernelVersion, arch, leftovers, unlisted, ...others } = situation;
  const facts: Facts = { ...others, leftovers: store(leftovers), unlisted: store(unlisted) };
  const stackId = stackIds.of(patches);
  return { id: situationIds.of({ stackId, kernelRelease, kernelVersion, arch, facts }), stackId, patches, kernelRelease, kernelVersion, arch, facts };
}

/** Patches and states of all situations that are held: each takes some hundred bytes. */
const HEAVIEST = 1_000_000;

const weightOf = ({ list, leftovers, unlisted }: Situation): number => {
  let weight = 1;
  for (const { reading } of [...list, ...leftovers, ...unlisted]) weight += 1 + (reading?.states?.length ?? 0);
  return weight;
};

/** Situations and stacks: stored once, by the digest of their content. */
@Injectable()
export class SituationsStore {
  /** Digests that this process has seen stored; a row of these tables never goes away while a host points at it. */
  private readonly known = new Set<string>();
  private readonly held = new Held<Situation>(50_000, weightOf, HEAVIEST);

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** Stores these situations: looks them up by digest first and inserts only what is missing, in transactions of their own: before the hosts', never within it. */
  async keep(drafts: readonly SituationDraft[]): Promise<void> {
    const unknown = new Map(drafts.filter(({ id }) => !this.known.has(id)).map((draft) => [draft.id, draft]));
    // in the order of their ids, as everybody: two servers that insert the same do not wait for each other in a circle
    const missing = [...unknown.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    if (missing.length > 0) await retrying(() => this.insert(missing));
    if (this.known.size > 100_000) this.known.clear();
    for (const id of unknown.keys()) this.known.add(id);
  }

  private async insert(drafts: readonly SituationDraft[]): Promise<void> {
    const there = await this.db.situation.findMany({ where: { id: { in: drafts.map(({ id }) => id) } }, select: { id: true } });
    const missing = drafts.filter(({ id }) => !there.some((row) => row.id === id));
    if (missing.length === 0) return;
    await this.insertStacks(new Map(missing.map((draft) => [draft.stackId, draft.patches])));
    const data = missing.map(({ patches: _patches, facts, ...plain }) => ({ ...plain, facts: facts as object }));
    await this.db.situation.createMany({ data, skipDuplicates: true });
  }

  private async insertStacks(stacks: ReadonlyMap<string, readonly Stored<ListedPatch>[]>): Promise<void> {
    const there = await this.db.stack.findMany({ where: { id: { in: [...stacks.keys()] } }, select: { id: true } });
    const missing = [...stacks].filter(([id]) => !there.some((row) => row.id === id)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (missing.length === 0) return;
    const members = missing.flatMap(([stackId, patches]) => patches.map(({ name, buildId }, position) => ({ stackId, position, name, buildId })));
    await this.db.$transaction([
      this.db.stack.createMany({ data: missing.map(([id, patches]) => ({ id, patches: patches as object[] })), skipDuplicates: true }),
      this.db.stackPatch.createMany({ data: members, skipDuplicates: true }),
    ]);
  }

  /** The situations with these ids. They never change, so what was read is held; what a replica has not yet is in the database itself. @param primaryAlone for ingest, which asks no replica */
  async load(ids: readonly string[], primaryAlone = false): Promise<Map<string, Situation>> {
    return this.held.load(ids, primaryAlone ? [this.db] : [this.read, this.db], async (missing, connection) => {
      const rows = await connection.situation.findMany({ where: { id: { in: [...missing] } }, include: { stack: { select: { patches: true } } } });
      return rows.map((row) => [row.id, toSituation(row)]);
    });
  }

  /** Nothing is known to be stored any more: it is looked up anew. */
  forget(): void {
    this.known.clear();
  }
}

/** What rows that were stored before these facts were reported say about them: nothing. */
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

/** The one mapping from a stored situation to the value that is judged. Whether a host is suspect is said of the host. */
function toSituation(row: Row): Situation {
  const facts = row.facts as Facts;
  return {
    ...BEFORE_GATES,
    ...facts,
    kernelRelease: row.kernelRelease,
    kernelVersion: row.kernelVersion,
    arch: row.arch,
    list: load<ListedPatch>(row.stack.patches as Stored<ListedPatch>[]).map((patch) => ({ ...NO_MODULE_FACTS, ...patch })),
    leftovers: load<LeftoverModule>(facts.leftovers).map((module) => ({ ...NO_MODULE_STATE, ...module })),
    unlisted: load<UnlistedPatch>(facts.unlisted),
    suspect: false,
  };
}
