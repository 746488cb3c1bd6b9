import { readFileSync } from 'node:fs';
import { canonicalJson } from '@klpreg/wire';
import { Failure, usage } from '../exits.js';
import type { Certificate } from '../registry/generated/operations.js';
import { checked, type Shape } from '../registry/shape.js';

/** What a certificate says, as far as this program shows it. */
export interface Content {
  readonly id: string;
  readonly changeId: string;
  readonly gate: string;
  readonly decision: string;
  readonly passed: boolean;
  readonly who: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly answer: {
    readonly kind: string;
    readonly counts: Readonly<Record<(typeof COUNTS)[number], number>>;
    readonly evidence: string;
    readonly ruleSets: readonly string[];
    readonly reasons: readonly {
      readonly hosts: number;
      readonly reason: Readonly<Record<'code' | 'kind' | 'text', string>>;
    }[];
    readonly snapshot: { readonly now: string; readonly rules: string };
  };
  readonly overrides: {
    readonly allowed: readonly string[];
    readonly ignored: readonly {
      readonly code: string;
      readonly owner: string;
      readonly expiresAt: string;
    }[];
    readonly waivers: readonly { readonly id: string; readonly owner: string; readonly expiresAt: string }[];
    readonly breakGlass: string | null;
  };
}

/** A certificate from its file. Nothing of it is verified. */
export interface CertificateFile {
  readonly content: Content;
  /** What is signed. */
  readonly signed: string;
  readonly keyId: string;
  readonly signature: string;
}

const COUNTS = ['safe', 'unknown', 'unsafe', 'refused', 'total'] as const;

const CONTENT: Shape = {
  fields: {
    schema: { oneOf: ['certificate/v1'] },
    ...textsOf('id', 'changeId', 'gate', 'decision', 'who', 'issuedAt', 'expiresAt'),
    passed: 'flag',
    answer: {
      fields: {
        ...textsOf('kind', 'evidence'),
        counts: { fields: Object.fromEntries(COUNTS.map((name) => [name, 'whole' as const])) },
        ruleSets: { list: 'text' },
        reasons: {
          list: { fields: { hosts: 'whole', reason: { fields: textsOf('code', 'kind', 'text') } } },
        },
        snapshot: { fields: textsOf('now', 'rules') },
      },
    },
    overrides: {
      fields: {
        allowed: { list: 'text' },
        ignored: { list: { fields: textsOf('code', 'owner', 'expiresAt') } },
        waivers: { list: { fields: textsOf('id', 'owner', 'expiresAt') } },
        breakGlass: { nullable: 'text' },
      },
    },
  },
};

function textsOf(...names: string[]): Record<string, 'text'> {
  return Object.fromEntries(names.map((name) => [name, 'text']));
}

/** Returns the file of a certificate. Its content is JSON, so that people and tools can read it. */
export const fileText = ({ content, keyId, signature }: Certificate): string =>
  `${JSON.stringify({ content: JSON.parse(content) as unknown, keyId, signature }, null, 2)}\n`;

/** Reads a certificate. @throws Failure 2 unless the file has one */
export function readCertificate(file: string): CertificateFile {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw usage(`${file} cannot be read as a certificate: ${(error as Error).message}`);
  }
  try {
    const { keyId, signature } = checked({ fields: textsOf('keyId', 'signature') }, found) as CertificateFile;
    const { content } = found as { content: unknown };
    return {
      content: checked(CONTENT, content) as Content,
      signed: canonicalJson(content),
      keyId,
      signature,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw usage(
      `${file} is not a certificate`,
      'it must be a file that --certificate of can-i-downgrade or can-i-deploy wrote',
      error.message,
    );
  }
}
