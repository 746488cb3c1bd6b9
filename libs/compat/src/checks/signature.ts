import type { ModuleFile } from '../facts/manifest.js';
import { about, type Reason } from '../reasons/reasons.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { type SightingCounts, countsOn } from '../facts/sighting-counts.js';
import type { Catalog, Situation } from '../facts/situation.js';

/** What signatures are judged by. */
export interface Trust {
  readonly catalog: Catalog;
  readonly witnesses: number;
  /** The fleet's machines trust the same keys: what one of them verified, each of them verifies. */
  readonly sharedSigningKeys: boolean;
}

const enforces = ({ capabilities: { signatureEnforced, lockdown } }: Situation): boolean =>
  signatureEnforced === true || (lockdown !== null && lockdown !== 'none');
const enforcesNothing = ({ capabilities: { signatureEnforced, lockdown } }: Situation): boolean =>
  signatureEnforced === false && lockdown === 'none';

type SignatureCheck = 'ACCEPTED' | 'NOT_KNOWN' | 'REFUSED';

/**
 * Returns why this kernel may accept the signature of none of the published files of this build.
 *
 * Mirrors `module_sig_check()`: a broken signature is always refused, a missing one only if signatures are
 * enforced or the kernel is locked down.
 *
 * @param load is catalogued
 */
export function findSignatureReasons(
  load: KnownPatch,
  counts: SightingCounts,
  host: ResolvedSituation,
  trust: Trust,
): Reason[] {
  const { situation } = host;
  const answers = load.manifest!.files.map((file) => checkFile(file, counts, situation, trust));
  if (answers.includes('ACCEPTED')) return [];
  // Without a file it is not known whether there is a signature, nor whether it is whole.
  if (answers.length === 0 || answers.includes('NOT_KNOWN'))
    return [{ code: 'SIGNATURE_UNVERIFIED', ...about(load) }];
  const byLockdown = situation.capabilities.signatureEnforced === false;
  return [{ code: 'SIGNATURE_REQUIRED', ...about(load), ...(byLockdown ? { errno: 'EPERM' } : {}) }];
}

function checkFile(
  file: ModuleFile,
  counts: SightingCounts,
  situation: Situation,
  trust: Trust,
): SignatureCheck {
  const { witnesses, sharedSigningKeys, catalog } = trust;
  if (enforcesNothing(situation))
    return !file.signed || (counts.files.get(file.sha256) ?? 0) >= witnesses ? 'ACCEPTED' : 'NOT_KNOWN';
  if (!file.signed) return enforces(situation) ? 'REFUSED' : 'NOT_KNOWN';
  if (sharedSigningKeys && (counts.verified.get(file.sha256) ?? 0) >= witnesses) return 'ACCEPTED';
  return file.signer !== null && isTrusted(file.signer, situation, catalog) ? 'ACCEPTED' : 'NOT_KNOWN';
}

/**
 * Returns the SHA-256 (signature included) of the file to load: the only file of the build, or the first one
 * that this kernel accepts.
 *
 * null: no file is published, or several are and none is known to be accepted.
 */
export function fileToLoad({ manifest }: KnownPatch, host: ResolvedSituation, trust: Trust): string | null {
  if (manifest === null) return null;
  const { files, buildId } = manifest;
  if (files.length < 2) return files[0]?.sha256 ?? null;
  const counts = countsOn(trust.catalog.sightings?.(buildId) ?? [], host.kernel, host.kernelText);
  return files.find((file) => checkFile(file, counts, host.situation, trust) === 'ACCEPTED')?.sha256 ?? null;
}

/**
 * Returns whether this kernel verified, in this boot, a signature by the same key. Taint `E`: it did not
 * verify one.
 */
function isTrusted(signer: string, { list }: Situation, catalog: Catalog): boolean {
  return list.some(({ buildId, file, moduleTaint }) => {
    if (buildId === null || moduleTaint === null || moduleTaint.includes('E')) return false;
    const files = catalog.find(buildId)?.files;
    return files?.some((one) => one.sha256 === file && one.signed && one.signer === signer) === true;
  });
}
