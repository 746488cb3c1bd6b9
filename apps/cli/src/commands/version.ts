import { Command } from 'commander';
import { EXIT, Failure } from '../exits.js';
import type { Registry } from '../registry/client.js';
import { fromStatus } from '../registry/errors.js';
import { checked, type Shape } from '../registry/shape.js';
import { clean } from '../show/clean.js';
import { facts } from '../show/facts.js';
import { show } from '../show/output.js';
import { VERSION } from '../version.js';
import type { Act } from './act.js';

/** `version`: the versions of this program and of the registry. It succeeds without a registry. */
export const version = (act: Act): Command =>
  new Command('version')
    .summary('show the versions of klpreg and of the registry')
    .description('Shows the version of this program, and of the registry and its rules if it can be reached.')
    .option('--json', 'the same as -o json')
    .action(
      act<{ json?: true }>(async ({ flags, settings, environment, registry }) => {
        const { versions, problem } = await versionsOf(registry);
        show(
          {
            schemaVersion: 1,
            klpreg: VERSION,
            url: registry.url,
            registry: versions?.version ?? null,
            rules: versions?.rules ?? null,
          },
          () =>
            facts([
              ['klpreg', VERSION],
              ['registry', versions === null ? null : `${versions.version} at ${registry.url}`],
              ['rules', versions === null ? null : versions.rules],
            ]),
          flags.json === true ? 'json' : settings.output,
          environment.stdout,
        );
        if (problem !== null) environment.stderr.write(`${clean(problem)}\n`);
        return EXIT.YES;
      }),
    );

interface Versions {
  readonly version: string;
  readonly rules: string;
}

const VERSIONS: Shape = { fields: { version: 'text', rules: 'text' } };
const TIMEOUT_MS = 5000;

/** Returns the versions of the registry, or why they are not known. */
async function versionsOf(
  registry: Registry,
): Promise<{ versions: Versions; problem: null } | { versions: null; problem: string }> {
  try {
    const { status, body } = await registry.send({ method: 'GET', path: '/', timeoutMs: TIMEOUT_MS });
    if (status !== 200) throw fromStatus(status, body, `${registry.url} does not tell its version`);
    return { versions: checked(VERSIONS, body) as Versions, problem: null };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { versions: null, problem: error.message };
  }
}
