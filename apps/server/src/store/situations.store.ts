import { Injectable } from '@nestjs/common';
import type { BootPersistence, Capabilities, DepartedPatch, LeftoverModule, ListedPatch, Reading, Situation } from '@klpreg/compat';
import { Database, ReadDatabase } from './database.js';
import { contentId } from './digests.js';
import { Held } from './held.js';

type WireReading = Omit<Reading, 'states'> & { readonly states: readonly { readonly id: string; readonly version: number }[] | null };
type Stored<T> = Omit<T, 'reading'> & { readonly reading: WireReading | null };

/** The column `situation.facts`. */
interface Facts {
  readonly capabilities: Capabilities;
  readonly leftovers: readonly Stored<LeftoverModule>[];
  readonly departed: readonly Stored<DepartedPatch>[];
  readonly previous: readonly string[] | null;
  readonly tainted: boolean | null;
  readonly bootStartSeen: boolean;
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

/** Situations and stacks: stored once, by the digest of their content. */
@Injectable()
export class SituationsStore {
  /** Digests that this process has seen stored; a row of these tables never goes away while a host points at it. */
  private readonly known = new Set<string>();
  private readonly held = new Held<Situation>(50_000);

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /**
   * Under which id is this situation stored?
   *
   * Looks it up by digest first and inserts only on a miss, in transactions of their own: before the host's, never within it.
   */
  async keep(situation: Situation): Promise<string> {
    const patches = store(situation.list);
    const { capabilities, departed, leftovers, previous, tainted, bootStartSeen, boot, kernelRelease, kernelVersion, arch } = situation;
    const facts: Facts = { capabilities, leftovers: store(leftovers), departed: store(departed), previous, tainted, bootStartSeen, boot };
    const stackId = contentId(patches);
    const id = contentId({ stackId, kernelRelease, kernelVersion, arch, facts });
    if (this.known.has(id)) return id;
    if ((await this.db.situation.findUnique({ where: { id }, select: { id: true } })) === null) {
      await this.keepStack(stackId, patches);
      const data = { id, stackId, kernelRelease, kernelVersion, arch, facts: facts as object };
      await this.db.situation.createMany({ data: [data], skipDuplicates: true });
    }
    if (this.known.size > 100_000) this.known.clear();
    this.known.add(id);
    return id;
  }

  private async keepStack(id: string, patches: Stored<ListedPatch>[]): Promise<void> {
    if ((await this.db.stack.findUnique({ where: { id }, select: { id: true } })) !== null) return;
    await this.db.$transaction([
      this.db.stack.createMany({ data: [{ id, patches: patches as object[] }], skipDuplicates: true }),
      this.db.stackPatch.createMany({ data: patches.map(({ name, buildId }, position) => ({ stackId: id, position, name, buildId })), skipDuplicates: true }),
    ]);
  }

  /** The situations with these ids. They never change, so what was read is held; what a replica has not yet is in the database itself. */
  async load(ids: readonly string[]): Promise<Map<string, Situation>> {
    return this.held.load(ids, [this.read, this.db], async (missing, connection) => {
      const rows = await connection.situation.findMany({ where: { id: { in: [...missing] } }, include: { stack: { select: { patches: true } } } });
      return rows.map((row) => [row.id, toSituation(row)]);
    });
  }
}

/** The one mapping from a stored situation to the value that is judged. Whether a host is suspect is said of the host. */
function toSituation(row: Row): Situation {
  const facts = row.facts as Facts;
  return {
    ...facts,
    kernelRelease: row.kernelRelease,
    kernelVersion: row.kernelVersion,
    arch: row.arch,
    list: load<ListedPatch>(row.stack.patches as Stored<ListedPatch>[]),
    leftovers: load<LeftoverModule>(facts.leftovers),
    departed: load<DepartedPatch>(facts.departed),
    suspect: false,
  };
}
