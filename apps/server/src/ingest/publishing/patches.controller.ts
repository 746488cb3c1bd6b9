import { Controller, HttpCode, Param, Put, Req } from '@nestjs/common';
import { BuildId } from '@klpreg/wire';
import type { FastifyRequest } from 'fastify';
import { bearerOf, requireOwner } from '../../access/access.js';
import { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import { AuditStore } from '../../store/access/audit.store.js';
import { OwnerKeysStore } from '../../store/access/owner-keys.store.js';
import { conflictsOf } from '../../store/catalog/manifests.js';
import { PatchesStore } from '../../store/catalog/patches.store.js';
import type { Transaction } from '../../store/catalog/revisions.js';
import type { PublishAnswer } from '../answers.js';
import { parse } from '../parse.js';
import { Workers } from '../worker.js';
import { decideFactsChange, isFileOfBuild } from './decide.js';
import { toStoredStatement } from './patch-facts.js';
import { signerOf } from './signer.js';
import { readSubmission, type Submission } from './submission.js';

type Outcome = PublishAnswer['outcome'];

@Controller('v1/patches')
export class PatchesController {
  constructor(
    private readonly patches: PatchesStore,
    private readonly keys: OwnerKeysStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
    private readonly workers: Workers,
  ) {}

  /**
   * Publishes a livepatch: with its file, which is parsed here, or with a manifest, which is weaker evidence.
   */
  @Put(':buildId')
  @HttpCode(200)
  async publish(@Param('buildId') id: string, @Req() request: FastifyRequest): Promise<PublishAnswer> {
    const buildId = parse(BuildId, id, 'build-id');
    const submission = await readSubmission(request, buildId, this.workers);
    const { release, owner } = submission;
    requireOwner(bearerOf(request), owner);
    const who = bearerOf(request).name;
    const outcome = await this.audit.record(async (tx) => {
      const result = await this.store(tx, submission, who);
      const detail = { outcome: result, release, owner };
      return {
        result,
        entry: result === 'UNCHANGED' ? null : { who, action: 'publish', subject: buildId, detail },
      };
    });
    const row = (await this.patches.find(buildId))!;
    const { name, evidence } = row;
    return {
      outcome,
      buildId,
      name,
      release: row.release,
      owner: row.owner,
      evidence,
      conflicts: conflictsOf(row),
    };
  }

  private async store(tx: Transaction, submission: Submission, who: string): Promise<Outcome> {
    const now = this.clock.now();
    const { facts, author, signature, release, owner } = submission;
    const keys = signature === null ? [] : await this.keys.listLocked(tx, owner);
    const key = signerOf(submission, keys, now);
    const isNew = await this.patches.add(tx, facts, release, owner, who, now);
    const { outcome, isOwnFile } = isNew
      ? { outcome: 'PUBLISHED' as const, isOwnFile: true }
      : await this.update(tx, submission, who, now);
    if (author === null) return outcome;
    const signer = key === null ? null : { key, file: facts.sha256!, isOwnFile };
    const statement = toStoredStatement(author);
    const stored = await this.patches.setAuthorStatement(tx, facts.buildId, statement, signer, who, now);
    if (stored === 'WEAKER')
      throw new RequestError(
        'FORBIDDEN',
        `the author statement of ${facts.buildId} is signed, and only a signed one replaces it: sign ` +
          `yours with a key of ${owner}`,
      );
    return outcome === 'UNCHANGED' && stored === 'STORED' ? 'UPDATED' : outcome;
  }

  private async update(
    tx: Transaction,
    submission: Submission,
    who: string,
    now: Date,
  ): Promise<{ readonly outcome: Outcome; readonly isOwnFile: boolean }> {
    const { facts } = submission;
    const before = (await this.patches.findLocked(tx, facts.buildId))!;
    const change = decideFactsChange(before, submission);
    if (change.store === 'BETTER_EVIDENCE')
      await this.patches.upgradeEvidence(tx, facts, change.differ, who, now);
    else if (change.store === 'FILE') await this.patches.addFile(tx, facts, who, now);
    else if (change.store === 'CONFLICT')
      await this.patches.recordConflict(tx, facts.buildId, change.otherFile, change.differ, now);
    return { outcome: change.outcome, isOwnFile: isFileOfBuild(before, change, facts) };
  }
}
