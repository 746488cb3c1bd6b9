/**
 * What the audit log records. `AuditAction` of the schema has each, in upper case with `_` for `-` and `.`.
 *
 * Stored entries keep their action permanently. So actions are added here, and never renamed or removed.
 */
export const AUDIT_ACTIONS = [
  'add-host',
  'label-host',
  'retire-host',
  'release-host',
  'reset-host-sequence',
  'set-boot-baseline',
  'create-enrolment-token',
  'revoke-enrolment-token',
  'enrol-host',
  'approve-enrolment',
  'reject-enrolment',
  'revoke-host-credential',
  'reset-host-credential',
  'rotate-server-key',
  'create-token',
  'revoke-token',
  'publish',
  'claim-patch',
  'transfer-patch',
  'recall-patch',
  'unrecall-patch',
  'add-owner-key',
  'revoke-owner-key',
  'set-owner-policy',
  'watch-target',
  'unwatch-target',
  'record-decision',
  'add-waiver',
  'revoke-waiver',
  'apply-policy',
  'history.drop',
  'refused',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
