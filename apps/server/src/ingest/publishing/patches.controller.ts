import { Controller, HttpCode, Param, Put, Req } from '@nestjs/common';
import { BuildId } from '@klpreg/wire';
import type { FastifyRequest } from 'fastify';
import { bearerOf, requireOwner } from '../../access/access.js';
import { conflictsOf } from '../../store/catalog/manifests.js';
import { PatchesStore } from '../../store/catalog/patches.store.js';
import type { PublishAnswer } from '../answers.js';
import { parse } from '../parse.js';
import { Workers } from '../worker.js';
import { Publication } from './publication.js';
import { readSubmission } from './submission.js';

@Controller('v1/patches')
export class PatchesController {
  constructor(
    private readonly publication: Publication,
    private readonly patches: PatchesStore,
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
    requireOwner(bearerOf(request), submission.owner);
    const outcome = await this.publication.publish(submission, bearerOf(request).name);
    const row = (await this.patches.find(buildId))!;
    const { name, release, owner, evidence } = row;
    return { outcome, buildId, name, release, owner, evidence, conflicts: conflictsOf(row) };
  }
}
