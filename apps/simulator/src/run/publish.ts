import { setTimeout as sleep } from 'node:timers/promises';
import { authorOf, type Build, manifestOf } from '../fleet/builds.js';
import type { ModuleFiles } from '../fleet/files.js';
import { inTurn } from '../programs/in-turn.js';
import type { Registry } from '../registry.js';
import { Stop } from '../stop.js';

const AT_ONCE = 4;
const TURNS = 8;
const TIMEOUT_MS = 30_000;

/**
 * Publishes these builds: as module files, which the registry parses itself, and where there is none as facts. A second time changes nothing.
 *
 * @returns how many had which outcome
 */
export async function publish(builds: readonly Build[], files: ModuleFiles, registry: Registry): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  await inTurn(builds, AT_ONCE, async (build) => {
    const outcome = await put(build, files.fileOf(build), registry);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  });
  return outcomes;
}

async function put(build: Build, file: Buffer | null, { url, token }: Registry): Promise<string> {
  for (let turn = 1; ; turn++) {
    const response = await fetch(`${url}/v1/patches/${build.buildId}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, ...(file === null ? { 'content-type': 'application/json' } : {}) },
      body: file === null ? JSON.stringify(manifestOf(build)) : formOf(build, file),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.message);
    const said = typeof response === 'string' ? { detail: response } : ((await response.json().catch(() => ({}))) as { outcome?: string; detail?: string });
    if (typeof response !== 'string' && response.ok && said.outcome !== undefined) return said.outcome;
    const status = typeof response === 'string' ? 0 : response.status;
    if (turn === TURNS || (status > 0 && status < 500 && status !== 429))
      throw new Stop(
        `Publishing ${build.livepatch.release} for ${build.kernel.release} failed (HTTP ${status || 'none'}): ${said.detail ?? 'no reason was given'}`,
      );
    await sleep(250 * turn);
  }
}

function formOf(build: Build, file: Buffer): FormData {
  const form = new FormData();
  form.set('release', build.livepatch.release);
  form.set('owner', build.livepatch.owner);
  // JSON is YAML too
  const author = authorOf(build.livepatch);
  if (author !== null) form.set('author', JSON.stringify(author));
  form.set('module', new Blob([new Uint8Array(file)]), `${build.name}.ko`);
  return form;
}
