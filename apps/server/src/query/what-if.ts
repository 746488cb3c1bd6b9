import { createHash } from 'node:crypto';
import type { Catalog } from '@klpreg/compat';
import { Manifest, problems } from '@klpreg/wire';
import { limitExceeded, RequestError } from '../errors.js';
import { refuseLargeJson } from '../json-size.js';
import { unpublishedPatch } from '../store/catalog/declared-facts.js';
import { type StoredPatch, toManifest } from '../store/catalog/manifests.js';

/** The maximum length of a manifest in a question. */
const MAX_CHARACTERS = 128 * 1024;

/** A patch that a question describes, and that is not published. */
export interface WhatIf {
  readonly row: StoredPatch;
  /** Tells answers about this description from all others. */
  readonly digest: string;
}

/** @throws RequestError that names each wrong field of the manifest */
export function toWhatIf(text: string): WhatIf {
  if (text.length > MAX_CHARACTERS)
    throw limitExceeded('characters of a manifest', MAX_CHARACTERS, text.length);
  refuseLargeJson(text);
  const given = readJson(text);
  const parsed = Manifest.safeParse(given);
  if (!parsed.success) {
    const wrong = problems(parsed.error, given);
    const { pointer, detail, found } = wrong[0]!;
    throw new RequestError(
      'BAD_USER_INPUT',
      `the manifest is wrong at ${pointer || 'its root'}: ${detail}, found ${found}`,
      wrong,
    );
  }
  return {
    row: unpublishedPatch(parsed.data),
    digest: createHash('sha256').update(text).digest('base64url'),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError('BAD_USER_INPUT', '`manifest` must be JSON');
  }
}

/**
 * The catalog as it would be with what a question describes. Only judgements use it: what hosts run today is
 * resolved by what is published.
 */
export function withWhatIf(catalog: Catalog, whatIf: WhatIf | null): Catalog {
  if (whatIf === null) return catalog;
  const manifest = toManifest(whatIf.row);
  return { ...catalog, find: (buildId) => (buildId === manifest.buildId ? manifest : catalog.find(buildId)) };
}

/** @throws RequestError if the target is a description, which is not kept */
export function refuseWhatIf({ manifest }: { readonly manifest?: string | null }, what: string): void {
  if (manifest != null)
    throw new RequestError('BAD_USER_INPUT', `${what} needs a published target: publish the patch first`);
}
