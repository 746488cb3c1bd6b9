import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import type { AuditEntry } from '../../store/access/audit-chain.js';
import { AuditStore } from '../../store/access/audit.store.js';
import { OwnerKeysStore } from '../../store/access/owner-keys.store.js';
import { OwnerPoliciesStore } from '../../store/access/owner-policies.store.js';
import type { StoredPatch } from '../../store/catalog/manifests.js';
import { PatchesStore } from '../../store/catalog/patches.store.js';
import type { Transaction } from '../../store/catalog/revisions.js';
import type { PublishAnswer } from '../answers.js';
import { decideFactsChange, isFileOfBuild } from './decide.js';
import { decideOwnership } from './ownership.js';
import { toStoredStatement } from '../../store/catalog/declared-facts.js';
import { requireSignature, signerOf } from './signer.js';
import type { Submission } from './submission.js';

type Outcome = PublishAnswer['outcome'];

interface Updated {
  readonly outcome: Outcome;
  /** The submitted file is one of the build. */
  readonly isOwnFile: boolean;
  /** The owner and release before a claim; null: the owner did not change. */
  readonly claimedFrom: Pick<StoredPatch, 'owner' | 'release'> | null;
}

/** Stores submissions. Each change is in the audit log. */
@Injectable()
export class Publication {
  constructor(
    private readonly patches: PatchesStore,
    private readonly keys: OwnerKeysStore,
    private readonly policies: OwnerPoliciesStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  /** @throws RequestError if its signature, its owner or its statement is refused */
  async publish(submission: Submission, who: string): Promise<Outcome> {
    const { facts, release, owner } = submission;
    return this.audit.record(async (tx) => {
      const { outcome, claimedFrom } = await this.store(tx, submission, who);
      const detail = { outcome, release, owner };
      const entry: AuditEntry =
        claimedFrom === null
          ? { who, action: 'publish', subject: facts.buildId, detail }
          : { who, action: 'claim-patch', subject: facts.buildId, detail: { ...detail, from: claimedFrom } };
      return { result: outcome, entry: outcome === 'UNCHANGED' ? null : entry };
    });
  }

  private async store(
    tx: Transaction,
    submission: Submission,
    who: string,
  ): Promise<Pick<Updated, 'outcome' | 'claimedFrom'>> {
    const now = this.clock.now();
    const { facts, author, signature, release, owner } = submission;
    const keys = signature === null ? [] : await this.keys.listLocked(tx, owner);
    const key = signerOf(submission, keys, now);
    requireSignature(submission, key, await this.policies.requireSignedFrom(tx, owner), now);
    const isNew = await this.patches.add(tx, facts, release, owner, who, now);
    const { outcome, isOwnFile, claimedFrom }: Updated = isNew
      ? { outcome: 'PUBLISHED', isOwnFile: true, claimedFrom: null }
      : await this.update(tx, submission, key, who, now);
    if (author === null) return { outcome, claimedFrom };
    const signer = key === null ? null : { key, file: facts.sha256!, isOwnFile };
    const statement = toStoredStatement(author);
    const stored = await this.patches.setAuthorStatement(tx, facts.buildId, statement, signer, who, now);
    if (stored === 'WEAKER')
      throw new RequestError(
        'FORBIDDEN',
        `the author statement of ${facts.buildId} is signed, and only a signed one replaces it: sign ` +
          `yours with a key of ${owner}`,
      );
    return { outcome: outcome === 'UNCHANGED' && stored === 'STORED' ? 'UPDATED' : outcome, claimedFrom };
  }

  private async update(
    tx: Transaction,
    submission: Submission,
    signer: string | null,
    who: string,
    now: Date,
  ): Promise<Updated> {
    const { facts, owner, release } = submission;
    const before = (await this.patches.findLocked(tx, facts.buildId))!;
    const isClaim = decideOwnership(before, submission, signer) === 'CLAIMED';
    const change = decideFactsChange(before, facts);
    if (isClaim) await this.patches.claim(tx, facts.buildId, owner, release);
    if (change.store === 'BETTER_EVIDENCE')
      await this.patches.upgradeEvidence(tx, facts, change.differ, who, now);
    else if (change.store === 'FILE') await this.patches.addFile(tx, facts, who, now);
    else if (change.store === 'CONFLICT')
      await this.patches.recordConflict(tx, facts.buildId, change.otherFile, change.differ, now);
    return {
      outcome: change.outcome,
      isOwnFile: isFileOfBuild(before, change, facts),
      claimedFrom: isClaim ? { owner: before.owner, release: before.release } : null,
    };
  }
}
