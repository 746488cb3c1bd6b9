import { Controller, HttpCode, Param, Put, Req } from '@nestjs/common';
import { type AuthorStatement, BuildId, signedForm } from '@klpreg/wire';
import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../../access/bearer.guard.js';
import { signedBy } from '../../access/owner-keys.js';
import { Roles } from '../../access/roles.js';
import { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import { INLINE_LIMIT } from '../../limits.js';
import { AuditStore } from '../../store/access/audit.store.js';
import { conflictsOf, type StoredPatch } from '../../store/catalog/manifests.js';
import { OwnerKeysStore } from '../../store/access/owner-keys.store.js';
import { type PatchFacts, PatchesStore } from '../../store/catalog/patches.store.js';
import type { Transaction } from '../../store/catalog/revisions.js';
import { type PublishAnswer, PublishFields } from '../answers.js';
import { Workers } from '../worker.js';
import { readManifest } from '../jobs.js';
import { parse } from '../parse.js';
import { differences, factsOfWord, wordOf } from './patch-facts.js';
import { toFacts } from '../stored-facts.js';

interface Submission {
  readonly facts: PatchFacts;
  readonly author: AuthorStatement | null;
  readonly signature: string | null;
  readonly release: string;
  readonly owner: string;
}

@Controller('v1/patches')
export class PatchesController {
  constructor(
    private readonly patches: PatchesStore,
    private readonly keys: OwnerKeysStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
    private readonly workers: Workers,
  ) {}

  /** Publishes what a livepatch is: with its file, which is parsed here, or as facts alone, which is weaker evidence. */
  @Put(':buildId')
  @HttpCode(200)
  @Roles('admin', 'publisher')
  async publish(@Param('buildId') id: string, @Req() request: FastifyRequest): Promise<PublishAnswer> {
    const buildId = parse(BuildId, id, 'build-id');
    const submission = request.isMultipart()
      ? await this.fromFile(request, buildId)
      : await this.fromFacts(request.body, buildId);
    const who = bearerOf(request).name;
    const key = await this.signer(submission);
    const { release, owner } = submission;
    const outcome = await this.audit.record(async (tx) => {
      const result = await this.store(tx, submission, key, who);
      return {
        result,
        entry:
          result === 'UNCHANGED'
            ? null
            : { who, action: 'publish', subject: buildId, detail: { outcome: result, release, owner } },
      };
    });
    const row = (await this.patches.find(buildId))!;
    return {
      outcome,
      buildId,
      name: row.name,
      release: row.release,
      owner: row.owner,
      evidence: row.evidence,
      conflicts: conflictsOf(row),
    };
  }

  /** @param key fingerprint of the key that signed it */
  private async store(
    tx: Transaction,
    { facts, author, release, owner }: Submission,
    key: string | null,
    who: string,
  ): Promise<PublishAnswer['outcome']> {
    const now = this.clock.now();
    const isNew = await this.patches.add(tx, facts, release, owner, who, now);
    const before = isNew ? null : await this.patches.find(facts.buildId, tx);
    if (before !== null && (before.owner !== owner || before.release !== release)) {
      throw new RequestError(
        'OWNED_BY_ANOTHER',
        `${facts.buildId} is published as release ${before.release} of ${before.owner}, and only its owner changes what is said of it`,
      );
    }
    const found = before === null ? 'PUBLISHED' : await this.compare(tx, facts, before, who, now);
    const said =
      author === null
        ? 'SAME'
        : await this.patches.setAuthorStatement(tx, facts.buildId, wordOf(author), key, who, now);
    if (said === 'WEAKER')
      throw new RequestError(
        'FORBIDDEN',
        `what is said of ${facts.buildId} is signed, and only a signed word takes its place: sign this one with a key of ${owner}`,
      );
    return found === 'UNCHANGED' && said === 'STORED' ? 'UPDATED' : found;
  }

  /** By which of its owner's keys is the word signed? null: it is unsigned. */
  private async signer({ facts, author, signature, release, owner }: Submission): Promise<string | null> {
    if (signature === null) return null;
    const wrong = (detail: string) =>
      new RequestError('BAD_USER_INPUT', `the signature is not valid: ${detail}`, [
        { pointer: '/signature', detail, found: signature },
      ]);
    if (author === null) throw wrong("there is no author's word that it could be of");
    const keys = (await this.keys.list(owner)).filter((key) => key.revokedAt === null);
    const key = signedBy(keys, signedForm(facts.buildId, { release, owner }, author), signature);
    if (key === null)
      throw wrong(
        keys.length === 0
          ? `no key of ${owner} is known (an admin adds one with addOwnerKey)`
          : `it is by none of the ${keys.length} keys of ${owner}, or of another word, build or release`,
      );
    return key.fingerprint;
  }

  /** Does this telling agree with what is stored? File facts never change for a build-id; only a file takes the place of mere words. */
  private async compare(
    tx: Transaction,
    facts: PatchFacts,
    before: StoredPatch,
    who: string,
    at: Date,
  ): Promise<PublishAnswer['outcome']> {
    const differ = differences(toFacts(before), facts);
    if (facts.evidence === 'MODULE' && before.evidence !== 'MODULE') {
      await this.patches.upgradeEvidence(tx, facts, differ, who, at);
      return differ.length > 0 ? 'CONFLICT' : 'UPDATED';
    }
    const otherFile = isSameContent(before, facts) ? null : facts.sha256;
    const isFurther = facts.file !== null && !before.files.some(({ sha256 }) => sha256 === facts.sha256);
    if (facts.evidence === 'MODULE' && otherFile === null && isFurther && differ.length === 0) {
      await this.patches.addFile(tx, facts, who, at);
      return 'UPDATED';
    }
    if (differ.length === 0 && otherFile === null) return 'UNCHANGED';
    await this.patches.recordConflict(tx, facts.buildId, otherFile, differ, at);
    return 'CONFLICT';
  }

  /** Facts alone, as JSON. */
  private async fromFacts(body: unknown, buildId: string): Promise<Submission> {
    const bytes = body instanceof Uint8Array ? body : new Uint8Array();
    const manifest =
      bytes.length <= INLINE_LIMIT
        ? readManifest(bytes)
        : await this.workers.messages.run('manifest', { bytes });
    if (manifest.buildId !== buildId)
      throw new RequestError('BAD_USER_INPUT', 'the manifest is of another build', [
        { pointer: '/buildId', detail: `must be ${buildId}, as in the address`, found: manifest.buildId },
      ]);
    return {
      facts: factsOfWord(manifest.facts, buildId),
      author: manifest.author,
      signature: manifest.signature,
      release: manifest.release,
      owner: manifest.owner,
    };
  }

  /** The parts of a form: `module`, `author`, `signature`, `release`, `owner`. What is in the file and the YAML is read in the worker thread. */
  private async fromFile(request: FastifyRequest, buildId: string): Promise<Submission> {
    const fields: Record<string, string> = {};
    let file: Buffer | null = null;
    for await (const part of request.parts()) {
      if (part.type === 'field') fields[part.fieldname] = String(part.value);
      else if (part.fieldname === 'module') file = await part.toBuffer();
      else if (part.fieldname === 'author') fields['author'] = (await part.toBuffer()).toString('utf8');
      else
        throw new RequestError(
          'BAD_USER_INPUT',
          `the form has a file part ${part.fieldname}; there are module and author`,
        );
    }
    if (file === null)
      throw new RequestError('BAD_USER_INPUT', 'the form has no part "module" with the module file');
    const { author, signature, release, owner } = parse(PublishFields, fields, 'form');
    const read = await this.workers.modules.run('module', { buildId, bytes: file, author });
    return { ...read, signature, release, owner };
  }
}

/** A build-id does not cover the signature: files of one content are one build. What one of the two does not tell is no difference. */
function isSameContent(before: StoredPatch, facts: PatchFacts): boolean {
  if (before.contentSha256 !== null && facts.contentSha256 !== null)
    return before.contentSha256 === facts.contentSha256;
  return before.sha256 === null || facts.sha256 === null || before.sha256 === facts.sha256;
}
