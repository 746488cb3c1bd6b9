import { Injectable } from '@nestjs/common';
import type { Evidence, StateImpact } from '@klpreg/compat';
import type { Builder } from '@klpreg/module';
import { Database } from '../../database/database.js';
import { Prisma } from '../../database/generated/client.js';
import {
  completePatch,
  type StoredObject,
  type StoredPatch,
  type StoredStatement,
  toPatch,
} from './manifests.js';
import { revise, type Transaction } from './revisions.js';

/** File facts of a module, as they are stored. */
export interface PatchFacts {
  readonly buildId: string;
  readonly name: string;
  readonly kernelRelease: string;
  readonly arch: string;
  readonly vermagic: string | null;
  readonly modversions: boolean;
  readonly srcversion: string | null;
  readonly sha256: string | null;
  /** Of the file without its signature; null: not known. */
  readonly contentSha256: string | null;
  /** The file itself; null: it is not known whether it is signed. */
  readonly file: ModuleFacts | null;
  readonly rewritesEarlierStates: boolean;
  readonly livepatch: boolean;
  readonly builder: Builder;
  readonly replace: boolean | null;
  /** null: they cannot be read. */
  readonly states: readonly { readonly id: bigint; readonly version: number }[] | null;
  readonly unreadable: string | null;
  readonly impact: StateImpact;
  readonly impactReasons: readonly string[];
  readonly callbacks: {
    readonly prePatch: boolean;
    readonly postPatch: boolean;
    readonly preUnpatch: boolean;
    readonly postUnpatch: boolean;
  } | null;
  readonly objects: readonly StoredObject[] | null;
  readonly evidence: Evidence;
}

/** Who signed an author statement. */
export interface StatementSigner {
  /** Fingerprint. */
  readonly key: string;
  /** SHA-256 of the file that it is signed for. */
  readonly file: string;
  /** The file is one of the build. */
  readonly isOwnFile: boolean;
}

/** What is kept of one file of a build. */
export interface ModuleFacts {
  readonly sha256: string;
  readonly signed: boolean;
  readonly signer: string | null;
  readonly size: number | null;
}

/** The columns of a build's file facts. */
function toColumns({
  buildId: _key,
  file: _file,
  states,
  callbacks,
  objects,
  impactReasons,
  ...plain
}: PatchFacts) {
  return {
    ...plain,
    impactReasons: [...impactReasons],
    callbacks: callbacks ?? Prisma.DbNull,
    objects: objects === null ? Prisma.DbNull : (objects as object[]),
    readable: states !== null,
  };
}

/** The rows of a build's states. */
const toStates = ({ buildId, states }: PatchFacts) =>
  (states ?? []).map(({ id, version }, position) => ({
    buildId,
    position,
    id: new Prisma.Decimal(id.toString()),
    version: BigInt(version),
  }));

/** Which patches match: all tests must pass, and what is left out restricts nothing. */
export interface PatchFilter {
  readonly names?: readonly string[] | null;
  readonly releases?: readonly string[] | null;
  readonly owners?: readonly string[] | null;
  readonly kernelReleases?: readonly string[] | null;
  readonly archs?: readonly string[] | null;
  /** A state that the patch declares, in any version. */
  readonly stateId?: bigint | null;
  readonly impacts?: readonly StateImpact[] | null;
  readonly recalled?: boolean | null;
}

const oneOf = (values: readonly string[] | null | undefined) => (values == null ? {} : { in: [...values] });

const toWhere = (filter: PatchFilter): Prisma.PatchWhereInput => ({
  name: oneOf(filter.names),
  release: oneOf(filter.releases),
  owner: oneOf(filter.owners),
  kernelRelease: oneOf(filter.kernelReleases),
  arch: oneOf(filter.archs),
  ...(filter.impacts != null && { impact: { in: [...filter.impacts] } }),
  ...(filter.stateId != null && { states: { some: { id: new Prisma.Decimal(filter.stateId.toString()) } } }),
  ...(filter.recalled != null && { recalledAt: filter.recalled ? { not: null } : null }),
});

/** Published patches and author statements. */
@Injectable()
export class PatchesStore {
  constructor(private readonly db: Database) {}

  async find(buildId: string, place: Pick<Transaction, 'patch'> = this.db): Promise<StoredPatch | null> {
    const row = await place.patch.findUnique({ where: { buildId }, include: completePatch });
    return row && toPatch(row);
  }

  /** The patch, which nothing else changes before the transaction ends. */
  async findLocked(tx: Transaction, buildId: string): Promise<StoredPatch | null> {
    await tx.$queryRaw`SELECT build_id FROM patch WHERE build_id = ${buildId} FOR UPDATE`;
    return this.find(buildId, tx);
  }

  /** Publishes a build; false if its build-id is already published. */
  async add(
    tx: Transaction,
    facts: PatchFacts,
    release: string,
    owner: string,
    by: string,
    at: Date,
  ): Promise<boolean> {
    const { buildId } = facts;
    return revise(tx, at, async () => {
      const patch = { ...toColumns(facts), buildId, release, owner, publishedAt: at, publishedBy: by };
      const { count } = await tx.patch.createMany({ data: [patch], skipDuplicates: true });
      if (count === 0) return { result: false, changed: null };
      await tx.patchState.createMany({ data: toStates(facts) });
      if (facts.file !== null)
        await tx.patchFile.create({ data: { buildId, ...facts.file, publishedAt: at, publishedBy: by } });
      return { result: true, changed: [buildId] };
    });
  }

  /**
   * Replaces reported facts by those of the file itself. A statement that was signed for another file is
   * unsigned then.
   */
  async upgradeEvidence(
    tx: Transaction,
    facts: PatchFacts,
    disagreements: readonly string[],
    by: string,
    at: Date,
  ): Promise<void> {
    const { buildId, file } = facts;
    await revise(tx, at, async () => {
      await tx.patchFile.deleteMany({ where: { buildId } });
      if (file !== null)
        await tx.patchFile.create({ data: { buildId, ...file, publishedAt: at, publishedBy: by } });
      await tx.patchState.deleteMany({ where: { buildId } });
      const data = { ...toColumns(facts), disagreements: [...disagreements] };
      await tx.patch.update({ where: { buildId }, data });
      await tx.patchState.createMany({ data: toStates(facts) });
      await tx.patchAuthor.updateMany({
        where: { buildId, signedFile: { not: facts.sha256 } },
        data: { evidence: 'UNSIGNED' },
      });
      return { result: undefined, changed: [buildId] };
    });
  }

  /** Stores another file of the same content, and what the parser reads of that content today. */
  async addFile(tx: Transaction, facts: PatchFacts, by: string, at: Date): Promise<void> {
    const { buildId, contentSha256, rewritesEarlierStates, objects, file } = facts;
    await revise(tx, at, async () => {
      const read = {
        contentSha256,
        rewritesEarlierStates,
        ...(objects !== null && { objects: objects as object[] }),
      };
      await tx.patch.update({ where: { buildId }, data: read });
      const data = { buildId, ...file!, publishedAt: at, publishedBy: by };
      if (file !== null) await tx.patchFile.createMany({ data: [data], skipDuplicates: true });
      return { result: undefined, changed: [buildId] };
    });
  }

  /** Records a conflict: another file with this build-id, or facts that differ. */
  async recordConflict(
    tx: Transaction,
    buildId: string,
    otherFile: string | null,
    disagreements: readonly string[],
    at: Date,
  ): Promise<void> {
    await revise(tx, at, async () => {
      await tx.$executeRaw`
        UPDATE patch
           SET other_files =
                 CASE WHEN ${otherFile}::text IS NULL OR ${otherFile} = ANY(other_files) THEN other_files
                      ELSE array_append(other_files, ${otherFile}::text) END,
               disagreements = (
                 SELECT coalesce(array_agg(DISTINCT field ORDER BY field), '{}')
                   FROM unnest(disagreements || ${[...disagreements]}::text[]) AS field)
         WHERE build_id = ${buildId}`;
      return { result: undefined, changed: [buildId] };
    });
  }

  /**
   * Stores an author statement, as a new revision if its content or its signature is new.
   *
   * @param signer null: unsigned. The evidence is `MANIFEST` if it is signed for a file of this build, else
   *   `UNSIGNED`. With `MANIFEST`, the build belongs to its owner for good
   * @returns `SAME` if the last statement has the same content and needs no better signature. `WEAKER` if an
   *   unsigned statement would replace a signed one: nothing is stored, or anyone could take back the harm
   *   that an author declared.
   */
  async setAuthorStatement(
    tx: Transaction,
    buildId: string,
    statement: StoredStatement,
    signer: StatementSigner | null,
    by: string,
    at: Date,
  ): Promise<'STORED' | 'SAME' | 'WEAKER'> {
    return revise<'STORED' | 'SAME' | 'WEAKER'>(tx, at, async () => {
      await tx.$queryRaw`SELECT build_id FROM patch WHERE build_id = ${buildId} FOR UPDATE`;
      const last = await tx.patchAuthor.findFirst({ where: { buildId }, orderBy: { revision: 'desc' } });
      const [own, other] = [JSON.stringify(statement), JSON.stringify(last?.statement ?? null)];
      const [compared] = await tx.$queryRaw<
        { same: boolean }[]
      >`SELECT ${own}::jsonb = ${other}::jsonb AS same`;
      const evidence: Evidence = signer?.isOwnFile === true ? 'MANIFEST' : 'UNSIGNED';
      const isAsGood = signer === null || (last?.key === signer.key && last.evidence === evidence);
      if (last !== null && compared!.same && isAsGood) return { result: 'SAME', changed: null };
      if (last !== null && last.key !== null && signer === null) return { result: 'WEAKER', changed: null };
      const revision = (last?.revision ?? 0) + 1;
      const signed = { key: signer?.key ?? null, signedFile: signer?.file ?? null };
      const stored = { statement: statement as unknown as object, evidence, ...signed };
      await tx.patchAuthor.create({ data: { buildId, revision, ...stored, at, by } });
      if (evidence === 'MANIFEST')
        await tx.patch.update({ where: { buildId }, data: { ownership: 'SIGNED' } });
      return { result: 'STORED', changed: [buildId] };
    });
  }

  /**
   * Gives a build to the owner that has signed a statement for one of its files. The statement is stored
   * next.
   */
  async claim(tx: Transaction, buildId: string, owner: string, release: string): Promise<void> {
    const earlier = await tx.patch.findUniqueOrThrow({ where: { buildId }, select: { release: true } });
    const earlierReleases = earlier.release === release ? {} : { earlierReleases: { push: earlier.release } };
    await tx.patch.update({ where: { buildId }, data: { owner, release, ...earlierReleases } });
  }

  /**
   * Gives a build to another owner. What the earlier owner signed counts as unsigned: the new one signs
   * again.
   *
   * @returns the patch before and after; null: there is no such patch. Both are the same if the owner has it
   * already
   */
  async transfer(
    tx: Transaction,
    buildId: string,
    owner: string,
    at: Date,
  ): Promise<{ readonly before: StoredPatch; readonly after: StoredPatch } | null> {
    return revise<{ before: StoredPatch; after: StoredPatch } | null>(tx, at, async () => {
      const before = await this.findLocked(tx, buildId);
      if (before === null || before.owner === owner)
        return { result: before && { before, after: before }, changed: null };
      await tx.patch.update({ where: { buildId }, data: { owner, ownership: 'TRANSFERRED' } });
      await tx.patchAuthor.updateMany({ where: { buildId }, data: { evidence: 'UNSIGNED' } });
      return { result: { before, after: (await this.find(buildId, tx))! }, changed: [buildId] };
    });
  }

  /** Recalls a patch, or ends its recall; null: there is no such patch. */
  async recall(
    tx: Transaction,
    buildId: string,
    recalled: boolean,
    reason: string | null,
    at: Date,
  ): Promise<StoredPatch | null> {
    return revise(tx, at, async () => {
      const { count } = await tx.patch.updateMany({
        where: { buildId },
        data: { recalledAt: recalled ? at : null, recallReason: reason },
      });
      const result = count === 0 ? null : await this.find(buildId, tx);
      return { result, changed: count === 0 ? null : [buildId] };
    });
  }

  /** A page of the patches that match. */
  async list(
    filter: PatchFilter,
    page: {
      readonly take: number;
      readonly after: readonly [name: string, buildId: string] | null;
      readonly backwards: boolean;
    },
  ): Promise<StoredPatch[]> {
    const { after, backwards } = page;
    const beyond = backwards ? 'lt' : 'gt';
    const keyset: Prisma.PatchWhereInput =
      after === null
        ? {}
        : { OR: [{ name: { [beyond]: after[0] } }, { name: after[0], buildId: { [beyond]: after[1] } }] };
    const order = backwards ? 'desc' : 'asc';
    const rows = await this.db.patch.findMany({
      where: { AND: [toWhere(filter), keyset] },
      include: completePatch,
      orderBy: [{ name: order }, { buildId: order }],
      take: page.take,
    });
    return rows.map(toPatch);
  }

  async count(filter: PatchFilter): Promise<number> {
    return this.db.patch.count({ where: toWhere(filter) });
  }

  /** The releases with a build that is not recalled, that with the newest build first; and their number. */
  async newestReleases(
    limit: number,
  ): Promise<{ releases: { release: string; publishedAt: Date }[]; total: number }> {
    const rows = await this.db.patch.groupBy({
      by: 'release',
      where: { recalledAt: null },
      _max: { publishedAt: true },
      orderBy: [{ _max: { publishedAt: 'desc' } }, { release: 'asc' }],
    });
    return {
      releases: rows
        .slice(0, limit)
        .map(({ release, _max: { publishedAt } }) => ({ release, publishedAt: publishedAt! })),
      total: rows.length,
    };
  }
}
