import { Publication, Signature } from '@klpreg/wire';
import { z } from 'zod';

/** The outcomes of a valid report. Both the code and the OpenAPI document use these schemas. */
export const ReportAnswer = z.object({
  outcome: z
    .enum(['STORED', 'UNCHANGED', 'REPEATED', 'SUPERSEDED'])
    .describe(
      'STORED: committed. UNCHANGED: committed, with the same content as the last report. REPEATED: this ' +
        'report was stored before. ' +
        'SUPERSEDED: older than the last report, and not stored.',
    ),
  host: z.uuid(),
  intervalSeconds: z.int().describe('Seconds until the next message.'),
});
export type ReportAnswer = z.infer<typeof ReportAnswer>;

export const HeartbeatAnswer = z.object({
  outcome: z
    .enum(['CONFIRMED', 'REPORT_WANTED', 'SUPERSEDED'])
    .describe(
      "CONFIRMED: the host's facts are confirmed. REPORT_WANTED: send a full report. SUPERSEDED: older " +
        'than the last message.',
    ),
  reason: z
    .enum(['UNKNOWN_HOST', 'OTHER_BOOT', 'OTHER_CONTENT', 'OVERTAKEN', 'REFERENCED_LEFTOVER'])
    .nullable()
    .describe('Why a report is needed; null if it is not.'),
  intervalSeconds: ReportAnswer.shape.intervalSeconds,
});
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>;

export const EnrolmentAnswer = z.object({
  outcome: z
    .enum(['ENROLLED', 'RENEWED', 'PENDING'])
    .describe('PENDING: an admin must approve the host. Ask again after `Retry-After`.'),
  host: z.uuid(),
  credential: z
    .object({
      credential: z.string().describe('The bearer token of the messages of this host, and of no other.'),
      serial: z.int().describe('It grows with each credential of a host.'),
      issuedAt: z.iso.datetime(),
      expiresAt: z.iso.datetime().describe('Renew it from half of its life on. It stays valid until then.'),
    })
    .nullable(),
});
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>;

export const PublishAnswer = z.object({
  outcome: z
    .enum(['PUBLISHED', 'UNCHANGED', 'UPDATED', 'CONFLICT'])
    .describe(
      'PUBLISHED: new. UNCHANGED: nothing new. UPDATED: a newer author statement or better evidence. ' +
        'CONFLICT: it contradicts what is stored, which is kept.',
    ),
  buildId: z.string(),
  name: z.string(),
  release: z.string(),
  owner: z.string(),
  evidence: z.string().describe('MODULE: read from the module file. Otherwise an unsigned statement.'),
  conflicts: z.array(z.string()).describe('Fields that differ from what is stored.'),
});
export type PublishAnswer = z.infer<typeof PublishAnswer>;

/** The text fields of the form that publishes a module file. */
export const PublishFields = z.strictObject({
  ...Publication.shape,
  author: z.string().nullable().default(null).describe('The author statement, FILE.klp.yaml.'),
  signature: Signature.nullable()
    .default(null)
    .describe('Ed25519 signature, in base64, of the canonical form of the author statement and its file.'),
});
