import type { AuthorStatement } from '@klpreg/wire';
import type { FastifyRequest } from 'fastify';
import { RequestError } from '../../errors.js';
import { INLINE_LIMIT } from '../../limits.js';
import type { PatchFacts } from '../../store/catalog/patches.store.js';
import { PublishFields } from '../answers.js';
import { readManifest } from '../jobs.js';
import { parse } from '../parse.js';
import type { Workers } from '../worker.js';
import { factsOfManifest } from '../../store/catalog/declared-facts.js';

/** What a publisher sends about one build. */
export interface Submission {
  readonly facts: PatchFacts;
  readonly author: AuthorStatement | null;
  readonly signature: string | null;
  readonly release: string;
  readonly owner: string;
}

/**
 * Reads a submission: a form with the module file, or a manifest as JSON.
 *
 * @throws RequestError if a part is missing, invalid or of another build
 */
export const readSubmission = async (
  request: FastifyRequest,
  buildId: string,
  workers: Workers,
): Promise<Submission> =>
  request.isMultipart() ? readForm(request, buildId, workers) : readJson(request.body, buildId, workers);

async function readJson(body: unknown, buildId: string, workers: Workers): Promise<Submission> {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array();
  const { facts, ...manifest } =
    bytes.length <= INLINE_LIMIT ? readManifest(bytes) : await workers.messages.run('manifest', { bytes });
  if (manifest.buildId !== buildId)
    throw new RequestError('BAD_USER_INPUT', 'the manifest belongs to another build', [
      { pointer: '/buildId', detail: `must be ${buildId}, as in the address`, found: manifest.buildId },
    ]);
  return { ...manifest, facts: factsOfManifest(facts, buildId) };
}

/**
 * Reads the parts `module`, `author`, `signature`, `release` and `owner`. A worker thread parses the first
 * two.
 */
async function readForm(request: FastifyRequest, buildId: string, workers: Workers): Promise<Submission> {
  const fields: Record<string, string> = {};
  let bytes: Buffer | null = null;
  for await (const part of request.parts()) {
    if (part.type === 'field') fields[part.fieldname] = String(part.value);
    else if (part.fieldname === 'module') bytes = await part.toBuffer();
    else if (part.fieldname === 'author') fields['author'] = (await part.toBuffer()).toString('utf8');
    else
      throw new RequestError(
        'BAD_USER_INPUT',
        `the form has a file part ${part.fieldname}; there are module and author`,
      );
  }
  if (bytes === null)
    throw new RequestError('BAD_USER_INPUT', 'the form has no part "module" with the module file');
  const { author, signature, release, owner } = parse(PublishFields, fields, 'form');
  const read = await workers.modules.run('module', { buildId, bytes, author });
  return { ...read, signature, release, owner };
}
