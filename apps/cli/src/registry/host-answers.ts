import { label, listedPatch, rulesChoice, verdict } from './answers.js';
import { fields, flag, list, measure, nullable, type Read, text, whole } from './shape.js';

/** What the registry says of a host; and of one that it also judges. */

const host = {
  id: text,
  instance: text,
  hostname: text,
  labels: list(label),
  kernelRelease: nullable(text),
  arch: nullable(text),
  stack: list(listedPatch),
  transition: nullable(fields({ patch: text, enabling: flag, since: nullable(text), tasks: list(fields({ pid: whole, comm: text })), moreTasks: whole })),
  freshness: fields({ level: text, ageSeconds: nullable(measure), confirmedAt: nullable(text), contactAt: nullable(text), superseded: flag }),
  retiredAt: nullable(text),
};
export const hostRow = fields(host);
export type HostRow = Read<typeof hostRow>;

const fullHost = {
  ...host,
  bootId: nullable(text),
  kernelVersion: nullable(text),
  leftovers: list(fields({ name: text, buildId: nullable(text), moduleState: nullable(text), referenced: flag, pinned: flag })),
  unlisted: list(fields({ name: text, buildId: nullable(text), unlistedBy: text })),
  rules: rulesChoice,
  retiredBy: nullable(text),
  bootHistory: nullable(text),
  historyTooLong: flag,
  gates: nullable(fields({ modulesDisabled: nullable(flag), ftraceEnabled: nullable(flag), signatureEnforced: nullable(flag), lockdown: nullable(text) })),
  otherLivePatching: list(text),
  inactive: list(fields({ patch: text, object: text })),
  unread: list(text),
  warnings: list(text),
  suspect: flag,
};
export const wholeHost = fields(fullHost);
export const judgedHost = fields({ ...fullHost, canDowngrade: verdict });
export type WholeHost = Read<typeof wholeHost>;

export const namedHost = fields({ id: text, hostname: text, labels: list(label) });
