import { sha256 as startSha256 } from '#platform/sha256';
import { readSigner } from './signer.js';

const MARKER = new TextEncoder().encode('~Module signature appended~\n');
/**
 * struct module_signature: algo, hash, id_type, signer_len,
 * key_id_len, three zero bytes, and sig_len in big-endian.
 */
const INFO = { idType: 2, zeros: [0, 1, 3, 4, 5, 6, 7], length: 8, size: 12 } as const;
const PKEY_ID_PKCS7 = 2;
/** A signature with a chain of certificates has some thousand bytes. */
const MAX_SIGNATURE = 64 * 1024;

/** What is appended to the module's content, and the hashes with and without it. Nothing is verified. */
export interface Signature {
  /** The file ends with the marker, for which the kernel looks. */
  readonly signed: boolean;
  readonly signer: string | null;
  readonly signatureProblem: string | null;
  readonly sha256: string;
  readonly contentSha256: string;
}

/**
 * Reads the signature at the end of an uncompressed file.
 *
 * Mirrors `module_sig_check()` and `mod_check_sig()`. A malformed one is said in `signatureProblem`;
 * then nothing tells where the content ends, and `contentSha256` is that of the whole file.
 */
export function readSignature(file: Uint8Array): Signature {
  const signed =
    file.length > MARKER.length &&
    MARKER.every((byte, index) => file[file.length - MARKER.length + index] === byte);
  if (!signed) return { signed, signer: null, signatureProblem: null, ...hashes(file, file.length) };
  const infoAt = file.length - MARKER.length - INFO.size;
  const problem =
    infoAt < 0
      ? `only ${infoAt + INFO.size} bytes are before the marker; at least ${INFO.size} are needed`
      : findProblem(file, infoAt);
  if (problem !== null)
    return { signed, signer: null, signatureProblem: problem, ...hashes(file, file.length) };
  const from = infoAt - lengthAt(file, infoAt);
  const size = infoAt - from;
  if (size > MAX_SIGNATURE)
    return {
      signed,
      signer: null,
      signatureProblem: `it has ${size} bytes; at most ${MAX_SIGNATURE} are read`,
      ...hashes(file, from),
    };
  const signer = readSigner(file.subarray(from, infoAt));
  return {
    signed,
    signer,
    signatureProblem: signer === null ? 'it is no PKCS#7 message with one signer' : null,
    ...hashes(file, from),
  };
}

/** Why the kernel would not look at the signature itself. */
function findProblem(file: Uint8Array, infoAt: number): string | null {
  const length = lengthAt(file, infoAt);
  if (length >= infoAt) return `its length is given as ${length} bytes, and ${infoAt} bytes are before it`;
  const idType = file[infoAt + INFO.idType]!;
  if (idType !== PKEY_ID_PKCS7) return `its kind is ${idType}; the kernel takes ${PKEY_ID_PKCS7} (PKCS#7)`;
  return INFO.zeros.some((at) => file[infoAt + at] !== 0)
    ? 'its fields other than kind and length are not all zero'
    : null;
}

function lengthAt(file: Uint8Array, infoAt: number): number {
  return new DataView(file.buffer, file.byteOffset).getUint32(infoAt + INFO.length);
}

/** SHA-256 of the whole file and of its first `content` bytes, lower-case hex. */
function hashes(
  file: Uint8Array,
  content: number,
): { readonly sha256: string; readonly contentSha256: string } {
  const hash = startSha256().update(file.subarray(0, content));
  if (content === file.length) {
    const sha256 = hash.digest('hex');
    return { sha256, contentSha256: sha256 };
  }
  const sha256 = hash.copy().update(file.subarray(content)).digest('hex');
  return { sha256, contentSha256: hash.digest('hex') };
}
