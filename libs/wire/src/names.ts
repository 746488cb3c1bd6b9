import { z } from 'zod';

/**
 * A build-id: the bytes of `.note.gnu.build-id` in lower-case
 * hexadecimal. 20 bytes with every usual linker; 8 to 64 are accepted.
 */
export const BuildId = z
  .string()
  .regex(/^(?:[0-9a-f]{2}){8,64}$/, 'must be a build-id: 16 to 128 lower-case hexadecimal digits');

/** A SHA-256 in lower-case hexadecimal. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256: 64 lower-case hexadecimal digits');

/**
 * A module's name. The kernel allows 55 characters
 * (`MODULE_NAME_LEN`); `-` in a file's name is `_` once loaded.
 */
export const ModuleName = z
  .string()
  .regex(/^[A-Za-z0-9_.+-]{1,55}$/, 'must be a module name: 1 to 55 letters, digits and _ - . +');

/** Text that PostgreSQL can store: without NUL and lone surrogates. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine(
      (value) => value.isWellFormed() && !value.includes('\u0000'),
      'must be text without NUL characters and halves of surrogate pairs',
    );

/** One line of text without control characters, which could corrupt logs and terminals. */
// eslint-disable-next-line no-control-regex -- control characters are what this forbids
export const line = (max: number) =>
  text(max).regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line without control characters');

/** One line of text that is not empty. */
export const word = (max: number) => line(max).min(1);

/** The name of a release or an owner. It is written without quotes in selectors, targets and shells. */
export const PublicName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:+~@/-]{0,127}$/,
    'must be 1 to 128 letters, digits and . _ : + ~ @ / -, the first one a letter or a digit',
  );

/** A UUID of any version, in lower case. */
export const Uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a UUID in lower case');

/** An instant: RFC 3339 with an offset or `Z`. */
export const Instant = z.iso.datetime({ offset: true });

const LABEL_NAME = 'label names are 1 to 63 letters, digits and _ . / -';

/** The key of a label. */
export const LabelKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/, LABEL_NAME);

/** Labels: up to 64 keys, each with a one-line value. */
export const Labels = z.preprocess(
  (labels, context) => {
    // zod silently drops this key from a record, so the digest would cover more than what is stored.
    if (typeof labels === 'object' && labels !== null && Object.hasOwn(labels, '__proto__'))
      context.addIssue({ code: 'custom', path: ['__proto__'], message: LABEL_NAME });
    return labels;
  },
  z.record(LabelKey, line(253)).refine((labels) => Object.keys(labels).length <= 64, 'at most 64 labels'),
);
