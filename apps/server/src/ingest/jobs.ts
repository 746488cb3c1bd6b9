import { Manifest } from '@klpreg/wire';
import { refuseLargeJson } from '../json-size.js';
import { RequestError, type RequestErrorCode } from '../errors.js';
import type { Problem } from '@klpreg/wire';
import { parse } from './parse.js';
import { readAuthor } from './publishing/author-yaml.js';
import { readModuleFile, type UploadedFacts } from './publishing/module-file.js';
import { type Messages, type Kind, parseJson, readBatch, readMessage, textOf } from './messages.js';

/** A refusal, as it travels between threads. */
export interface Refusal {
  readonly code: RequestErrorCode;
  readonly message: string;
  readonly problems: readonly Problem[];
}

export const toRefusal = ({ code, message, problems }: RequestError): Refusal => ({
  code,
  message,
  problems,
});
export const fromRefusal = ({ code, message, problems }: Refusal): RequestError =>
  new RequestError(code, message, problems);

/** A message of a batch request, or why it was refused. */
export type ReadItem<K extends Kind> = { readonly message: Messages[K] } | { readonly refusal: Refusal };

/** Work that is done outside the event loop, by name. */
export interface Jobs {
  readonly message: {
    readonly input: { readonly kind: Kind; readonly bytes: Uint8Array };
    readonly output: Messages[Kind];
  };
  readonly batch: {
    readonly input: { readonly kind: Kind; readonly bytes: Uint8Array };
    readonly output: ReadItem<Kind>[];
  };
  readonly manifest: { readonly input: { readonly bytes: Uint8Array }; readonly output: Manifest };
  readonly module: {
    readonly input: { readonly buildId: string; readonly bytes: Uint8Array; readonly author: string | null };
    readonly output: UploadedFacts;
  };
}
export type JobName = keyof Jobs;

/** @throws RequestError, of a document that exceeds a limit or is not valid */
export function readManifest(bytes: Uint8Array): Manifest {
  const text = textOf(bytes);
  const values = refuseLargeJson(text);
  return parse(Manifest, parseJson(text), 'manifest', { values });
}

/** Reads the documents of a batch; one that is refused does not keep the others. */
function readItem<K extends Kind>(read: () => Messages[K]): ReadItem<K> {
  try {
    return { message: read() };
  } catch (error) {
    if (error instanceof RequestError) return { refusal: toRefusal(error) };
    throw error;
  }
}

/** How each job is done; the same in a worker thread and in a test. */
export const JOBS: {
  readonly [Name in JobName]: (
    input: Jobs[Name]['input'],
  ) => Jobs[Name]['output'] | Promise<Jobs[Name]['output']>;
} = {
  message: ({ kind, bytes }) => readMessage(kind, bytes),
  batch: ({ kind, bytes }) => readBatch(kind, bytes).map(readItem),
  manifest: ({ bytes }) => readManifest(bytes),
  module: async ({ buildId, bytes, author }) => ({
    author: author === null ? null : readAuthor(author),
    facts: await readModuleFile(bytes, buildId),
  }),
};
