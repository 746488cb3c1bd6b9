import { setTimeout as sleep } from 'node:timers/promises';
import { authorStatementOf, type Build, manifestOf } from '../fleet/builds.js';
import type { ModuleFiles } from '../fleet/module-files.js';
import { mapConcurrently } from '../programs/map-concurrently.js';
import type { Registry } from '../registry.js';
import { FatalError } from '../fatal-error.js';

const CONCURRENCY = 4;
const TRIES = 8;
const TIMEOUT_MS = 30_000;

/**
 * Publishes builds: as module files, or as manifests if a build has no file. Publishing again changes
 * nothing.
 *
 * @returns the number of builds for each outcome
 */
export async function publish(
  builds: readonly Build[],
  files: ModuleFiles,
  registry: Registry,
): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  await mapConcurrently(builds, CONCURRENCY, async (build) => {
    const outcome = await publishBuild(build, files.fileOf(build), registry);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  });
  return outcomes;
}

async function publishBuild(build: Build, file: Buffer | null, { url, token }: Registry): Promise<string> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${url}/v1/patches/${build.buildId}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${token}`,
        ...(file === null ? { 'content-type': 'application/json' } : {}),
      },
      body: file === null ? JSON.stringify(manifestOf(build)) : formOf(build, file),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.message);
    const answer: Answer = typeof response === 'string' ? { detail: response } : await answerOf(response);
    if (typeof response !== 'string' && response.ok && answer.outcome !== undefined) return answer.outcome;
    const status = typeof response === 'string' ? 0 : response.status;
    if (tries === TRIES || (status > 0 && status < 500 && status !== 429))
      throw new FatalError(failureOf(build, status, answer));
    await sleep(250 * tries);
  }
}

interface Answer {
  readonly outcome?: string;
  readonly detail?: string;
}

const answerOf = async (response: Response): Promise<Answer> =>
  (await response.json().catch(() => ({}))) as Answer;

const failureOf = ({ livepatch, kernel }: Build, status: number, { detail }: Answer): string =>
  `Publishing ${livepatch.release} for ${kernel.release} failed (HTTP ${status || 'none'}): ` +
  (detail ?? 'no reason');

function formOf(build: Build, file: Buffer): FormData {
  const form = new FormData();
  form.set('release', build.livepatch.release);
  form.set('owner', build.livepatch.owner);
  // the field takes YAML, of which JSON is a subset
  const author = authorStatementOf(build.livepatch);
  if (author !== null) form.set('author', JSON.stringify(author));
  form.set('module', new Blob([new Uint8Array(file)]), `${build.name}.ko`);
  return form;
}
