import type { Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';
import type { BootRange } from '../store/hosts/boots.store.js';
import type { HostDetail } from '../store/hosts/hosts.store.js';
import {
  AGENT_PREFIX,
  authoritative,
  type Labels,
  type LabelsDraft,
  toLabelsDraft,
} from '../store/content/labels.store.js';
import type { HostVersion, PlacedReport } from '../store/hosts/reports.store.js';
import type { HostSighting } from '../store/catalog/sightings.store.js';
import { type SituationDraft, toSituationDraft } from '../store/content/situations.store.js';
import { placeNewest } from './boot-ranges.js';
import type { Received } from './endpoint.js';
import { observedAt } from './observed.js';
import { sightingsOf } from './sightings.js';
import { deriveSituation, type PreviousState, recheckAt } from './situation.js';

/** What the registry knows about a host before its report is decided. */
export interface KnownHost {
  /** null: the first report of this host. */
  readonly version: HostVersion | null;
  readonly situation: Situation | undefined;
  readonly labels: Labels;
  readonly boots: readonly BootRange[];
}

/**
 * Everything that is stored for a report. The situation and the label set are stored first, by their content.
 */
export interface ReportDraft {
  readonly situation: SituationDraft;
  readonly labels: LabelsDraft;
  readonly sightings: readonly HostSighting[];
  readonly placed: Omit<PlacedReport, 'situationId' | 'labelSetId'>;
}

/** Decides what is stored for a report that is newer than all others of its host. */
export function draftReport(
  { message: report, receivedAt, sentBy }: Received<'reports'>,
  { version, situation: known, labels, boots }: KnownHost,
  intervalSeconds: number,
): ReportDraft {
  const { host } = report;
  const observed = observedAt(report.clock, receivedAt);
  const previous = previousState(version, known);
  const { situation, carried, continuous } = deriveSituation(report, previous, observed, intervalSeconds);
  const position = placeNewest(host.bootId, BigInt(report.sequence), version, boots);
  const otherMachine = version?.machine != null && host.machine !== null && version.machine !== host.machine;
  const suspect = position.suspect || otherMachine;
  return {
    situation: toSituationDraft(situation),
    sightings:
      suspect || version?.suspect
        ? []
        : sightingsOf(report, situation, continuous ? previous!.situation : null),
    labels: toLabelsDraft({ ...authoritative(labels), ...ownLabels(report) }),
    placed: {
      hostId: host.instance,
      hostname: host.hostname,
      machine: host.machine,
      bootId: host.bootId,
      sequence: BigInt(report.sequence),
      sentBy,
      digest: report.digest,
      observedAt: observed,
      receivedAt,
      detail: detailOf(report),
      carried,
      recheckAt: recheckAt(situation, carried),
      suspect,
      boots: position.boots,
      expected: version,
    },
  };
}

const previousState = (version: HostVersion | null, situation: Situation | undefined): PreviousState | null =>
  version?.bootId == null || situation === undefined
    ? null
    : {
        bootId: version.bootId,
        situation,
        carried: version.carried,
        confirmedAt: new Date(version.confirmedAt ?? version.since),
      };

const ownLabels = ({ host }: Report): Labels =>
  Object.fromEntries(Object.entries(host.labels).map(([key, value]) => [`${AGENT_PREFIX}${key}`, value]));

const detailOf = (report: Report): HostDetail => ({
  agentVersion: report.agent.version,
  distribution: report.host.distribution,
  taint: report.taint,
  transition: report.transition && {
    ...report.transition,
    tasks: report.transition.tasks.map(({ pid, comm }) => ({ pid, comm })),
  },
  inactive: inactiveObjects(report),
  warnings: report.warnings ?? [],
});

const MAX_INACTIVE_OBJECTS = 100;

/** Objects of listed patches that are not patched, because no module of that name is loaded. */
const inactiveObjects = ({ livepatches }: Report): HostDetail['inactive'] =>
  livepatches
    .flatMap(({ name, objects }) =>
      objects.flatMap((object) => (object.patched === false ? [{ patch: name, object: object.name }] : [])),
    )
    .slice(0, MAX_INACTIVE_OBJECTS);
