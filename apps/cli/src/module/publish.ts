import type { KeyObject } from 'node:crypto';
import { explainFinding, lint, severityOf } from '@klpreg/compat';
import { basename } from 'node:path';
import { EXIT, type ExitCode, Failure } from '../exits.js';
import type { Registry } from '../registry/client.js';
import { fromStatus } from '../registry/errors.js';
import type { HttpResponse } from '../registry/http.js';
import { checked, type Shape } from '../registry/shape.js';
import { readAuthor } from './author.js';
import { declarationOf } from './declaration.js';
import { readFileAsModule } from './read-file.js';
import { signStatement } from './sign.js';

/** The result for one file. */
export interface Published {
  readonly file: string;
  readonly outcome: 'PUBLISHED' | 'UNCHANGED' | 'UPDATED' | 'CONFLICT' | 'WOULD_SEND' | 'FAILED';
  readonly name: string | null;
  readonly buildId: string | null;
  readonly message: string;
  /** The conflicts or problems. */
  readonly details: readonly string[];
  readonly exitCode: ExitCode;
}

interface Publication {
  readonly release: string;
  readonly owner: string;
  readonly author?: string;
  /** Signs the author statement. */
  readonly key?: KeyObject;
  /** Publishes a module even if the lint finds errors. */
  readonly force?: true;
  readonly dryRun?: true;
}

/** The registry's answer to an upload. */
interface Receipt {
  readonly outcome: 'PUBLISHED' | 'UNCHANGED' | 'UPDATED' | 'CONFLICT';
  readonly conflicts: readonly string[];
}

const RECEIPT: Shape = {
  fields: {
    outcome: { oneOf: ['PUBLISHED', 'UNCHANGED', 'UPDATED', 'CONFLICT'] },
    buildId: 'text',
    name: 'text',
    evidence: 'text',
    conflicts: { list: 'text' },
  },
};

/** A module may be large and the network slow. */
const TIMEOUT_MS = 300_000;

/**
 * Publishes one module, with its author statement if there is one.
 *
 * Local checks come before the upload. A failure is the outcome of this file and does not stop the others.
 */
export async function publish(
  file: string,
  publication: Publication,
  registry: Registry,
): Promise<Published> {
  const module = await readFileAsModule(file);
  const failed = (
    message: string,
    details: readonly string[] = [],
    exitCode: ExitCode = EXIT.NO,
  ): Published => ({
    ...named,
    outcome: 'FAILED',
    message,
    details,
    exitCode,
  });
  const named = { file, name: module.reading?.name ?? null, buildId: module.reading?.buildId ?? null };
  if (module.error !== null) return failed(`${module.error.message} (${module.error.code})`);
  if (named.buildId === null)
    return failed(
      'the module has no build-id, so the registry could not recognise it on a host (link it with ' +
        '--build-id)',
    );
  const author = readAuthor(file, publication.author);
  if (author !== null && author.errors.length > 0)
    return failed(`${author.path} is not an author statement`, author.errors);
  const findings = lint(
    declarationOf(module.reading!, author?.word ?? null, publication.key !== undefined, publication),
    [],
  ).filter((finding) => severityOf(finding) === 'ERROR');
  const errors = findings.map((finding) => `${finding.code}: ${explainFinding(finding)}`);
  if (errors.length > 0 && publication.force !== true)
    return failed('the lint found errors; --force publishes it all the same', errors);
  const signature =
    author?.word == null || publication.key === undefined
      ? null
      : signStatement(
          publication.key,
          {
            buildId: named.buildId,
            sha256: module.reading!.sha256,
            release: publication.release,
            owner: publication.owner,
          },
          author.word,
        );
  const withAuthor =
    author === null
      ? 'without an author statement'
      : `with ${author.path}${signature === null ? '' : ', signed'}`;
  if (publication.dryRun)
    return { ...named, outcome: 'WOULD_SEND', message: withAuthor, details: errors, exitCode: EXIT.YES };

  const body = new FormData();
  body.set('release', publication.release);
  body.set('owner', publication.owner);
  if (author !== null)
    body.set('author', new Blob([author.text], { type: 'application/yaml' }), basename(author.path));
  if (signature !== null) body.set('signature', signature);
  body.set('module', new Blob([module.bytes as Uint8Array<ArrayBuffer>]), basename(file));
  try {
    const answer = await registry.send({
      method: 'PUT',
      path: `/v1/patches/${named.buildId}`,
      body,
      timeoutMs: TIMEOUT_MS,
    });
    const outcome = outcomeOf(answer, withAuthor);
    return { ...named, ...outcome, details: [...errors, ...outcome.details] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return failed(error.message, error.hints, error.exit);
  }
}

function outcomeOf(
  { status, body }: HttpResponse,
  withAuthor: string,
): Pick<Published, 'outcome' | 'message' | 'details' | 'exitCode'> {
  if (status === 200 || status === 201) {
    const { outcome, conflicts } = checked(RECEIPT, body) as Receipt;
    return {
      outcome,
      message: withAuthor,
      details: conflicts,
      exitCode: outcome === 'CONFLICT' ? EXIT.NO : EXIT.YES,
    };
  }
  const failure = fromStatus(status, body, 'the registry rejected it');
  // With these statuses the registry rejects this file. With any other it gave no answer.
  const refused = [400, 409, 413, 415, 422].includes(status);
  return {
    outcome: 'FAILED',
    message: failure.message,
    details: failure.hints,
    exitCode: refused ? EXIT.NO : failure.exit,
  };
}
