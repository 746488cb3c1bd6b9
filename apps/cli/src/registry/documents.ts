import { fleetVerdict } from './answers.js';
import { hostRow, judgedHost, namedHost, wholeHost } from './host-answers.js';
import { ownerKey, patchRow, stateRow, wholePatch } from './patch-answers.js';
import { fields, list, nullable, page, type Shape, text } from './shape.js';

/** A question, and how its answer is read. */
export interface Document<T> {
  readonly text: string;
  readonly answer: Shape<T>;
}

const document = <T>(source: string, answer: Shape<T>): Document<T> => ({ text: source, answer });

const PAGE = 'totalCount pageInfo { hasNextPage endCursor }';
const LISTED = 'name buildId enabled transition replace states { id version } evidence moduleState moduleTaint file patch { release owner }';
const REASON = 'code kind clearedBy errno patch buildId stateId have need other function route detail text';
const RULES = 'rules { sets basis }';
const VERDICT = `kind route steps { action patch sha256 } price { transitions transitionsUnpatched cvesReopened reboots } searched { tried of } reasons { ${REASON} } basedOnStaleFacts errno allowed accepted ${RULES}`;
const HOST = `id instance hostname labels { key value } kernelRelease arch stack { ${LISTED} }
  transition { patch enabling since tasks { pid comm } moreTasks } freshness { level ageSeconds confirmedAt contactAt superseded } retiredAt`;
const WHOLE_HOST = `${HOST} bootId kernelVersion leftovers { name buildId moduleState referenced pinned } unlisted { name buildId unlistedBy } ${RULES} retiredBy
  bootHistory historyTooLong gates { modulesDisabled ftraceEnabled signatureEnforced lockdown } otherLivePatching inactive { patch object } unread warnings suspect`;
const PATCH =
  'buildId name release owner kernelRelease arch replace states { id version } unreadable impact evidence conflicts publishedAt recalledAt recallReason';

export const CAN_DOWNGRADE = document(
  `query CanDowngrade($to: TargetInput!, $where: HostFilter, $route: Route, $bestRoute: Boolean, $evidence: Evidence, $maxAge: Duration, $rules: RuleSet, $allow: [String!], $witnesses: Int, $sharedSigningKeys: Boolean, $snapshot: ID, $asOf: DateTime, $catalog: CatalogMoment, $first: Int!, $reasonsAfter: String, $cohortsAfter: String) {
  canDowngrade(to: $to, where: $where, route: $route, bestRoute: $bestRoute, evidence: $evidence, maxAge: $maxAge, rules: $rules, allow: $allow, witnesses: $witnesses, sharedSigningKeys: $sharedSigningKeys, snapshot: $snapshot, asOf: $asOf, catalog: $catalog) {
    kind counts { safe unknown unsafe refused total harmful accepted } matched limitedByScope snapshot { id now catalogRevision rules }
    reasons(first: $first, after: $reasonsAfter) { nodes { hosts reason { ${REASON} } } ${PAGE} }
    cohorts(first: $first, after: $cohortsAfter) { nodes { hosts kernelRelease arch stack { ${LISTED} } labels { key value } freshness verdict { ${VERDICT} } examples } ${PAGE} }
  }
}`,
  fields({ canDowngrade: fleetVerdict }),
);

export const HOSTS = document(
  `query Hosts($filter: HostFilter, $asOf: DateTime, $first: Int!, $after: String) { hosts(filter: $filter, asOf: $asOf, first: $first, after: $after) { nodes { ${HOST} } ${PAGE} } }`,
  fields({ hosts: page(hostRow) }),
);

export const FIND_HOST = document(
  'query FindHost($id: ID, $hostname: String, $asOf: DateTime) { host(id: $id, hostname: $hostname, asOf: $asOf) { id hostname labels { key value } } }',
  fields({ host: nullable(namedHost) }),
);

export const DESCRIBE_HOST = document(
  `query DescribeHost($id: ID!, $asOf: DateTime) { host(id: $id, asOf: $asOf) { ${WHOLE_HOST} } }`,
  fields({ host: nullable(wholeHost) }),
);

export const JUDGE_HOST = document(
  `query JudgeHost($id: ID!, $to: TargetInput!, $route: Route, $bestRoute: Boolean, $evidence: Evidence, $maxAge: Duration, $rules: RuleSet, $allow: [String!], $witnesses: Int, $sharedSigningKeys: Boolean, $asOf: DateTime) {
  host(id: $id, asOf: $asOf) { ${WHOLE_HOST} canDowngrade(to: $to, route: $route, bestRoute: $bestRoute, evidence: $evidence, maxAge: $maxAge, rules: $rules, allow: $allow, witnesses: $witnesses, sharedSigningKeys: $sharedSigningKeys) { ${VERDICT} } }
}`,
  fields({ host: nullable(judgedHost) }),
);

export const PATCHES = document(
  `query Patches($filter: PatchFilter, $first: Int!, $after: String) { patches(filter: $filter, first: $first, after: $after) { nodes { ${PATCH} } ${PAGE} } }`,
  fields({ patches: page(patchRow) }),
);

export const PATCH_DETAILS = document(
  `query PatchDetails($name: String, $buildId: String) {
  patch(name: $name, buildId: $buildId) {
    ${PATCH} vermagic sha256 files { sha256 signed signer size } rewritesEarlierStates srcversion builder impactReasons callbacks { prePatch postPatch preUnpatch postUnpatch } objects { name functions { name sympos } }
    author { revision evidence signedBy states { id version what restore } impactNone independentOf cves notes at }
  }
}`,
  fields({ patch: nullable(wholePatch) }),
);

/** Whose builds does a bare word name: a release's, a module's, or both? */
export const NAMED_BUILDS = document(
  `query NamedBuilds($release: PatchFilter!, $name: PatchFilter!) {
  ofRelease: patches(filter: $release, first: 100) { nodes { buildId } ${PAGE} }
  ofName: patches(filter: $name, first: 100) { nodes { buildId } ${PAGE} }
}`,
  fields({ ofRelease: page(fields({ buildId: text })), ofName: page(fields({ buildId: text })) }),
);

export const STATES = document(
  `query States($first: Int!, $after: String) { states(first: $first, after: $after) { nodes { stateId versions { version patches owners hosts } } ${PAGE} } }`,
  fields({ states: page(stateRow) }),
);

export const ADD_HOST = document(
  'mutation AddHost($input: AddHostInput!) { addHost(input: $input) { id hostname labels { key value } } }',
  fields({ addHost: namedHost }),
);

export const LABEL_HOST = document(
  'mutation LabelHost($id: ID!, $labels: [LabelInput!]!) { labelHost(id: $id, labels: $labels) { id hostname labels { key value } } }',
  fields({ labelHost: namedHost }),
);

export const RELEASE_HOST = document(
  'mutation ReleaseHost($id: ID!, $reason: String!) { releaseHost(id: $id, reason: $reason) { id hostname } }',
  fields({ releaseHost: fields({ id: text, hostname: text }) }),
);
export const RESET_HOST = document(
  'mutation ResetHost($id: ID!, $reason: String!) { resetHostSequence(id: $id, reason: $reason) { id hostname } }',
  fields({ resetHostSequence: fields({ id: text, hostname: text }) }),
);
export const SET_BASELINE = document(
  'mutation SetBaseline($id: ID!, $bootId: String!, $reason: String!) { setBootBaseline(id: $id, bootId: $bootId, reason: $reason) { id hostname bootId } }',
  fields({ setBootBaseline: fields({ id: text, hostname: text, bootId: nullable(text) }) }),
);
export const RETIRE_HOST = document(
  'mutation RetireHost($id: ID!, $reason: String!, $compromised: Boolean!) { retireHost(id: $id, reason: $reason, compromised: $compromised) { id hostname retiredAt retiredBy } }',
  fields({ retireHost: fields({ id: text, hostname: text, retiredAt: nullable(text), retiredBy: nullable(text) }) }),
);

export const RECALL_PATCH = document(
  'mutation RecallPatch($buildId: String!, $reason: String, $recalled: Boolean!) { recallPatch(buildId: $buildId, reason: $reason, recalled: $recalled) { buildId name release recalledAt recallReason } }',
  fields({ recallPatch: fields({ buildId: text, name: text, release: text, recalledAt: nullable(text), recallReason: nullable(text) }) }),
);

const OWNER_KEY = 'fingerprint owner addedAt addedBy revokedAt';

export const OWNER_KEYS = document(`query OwnerKeys($owner: String) { ownerKeys(owner: $owner) { ${OWNER_KEY} } }`, fields({ ownerKeys: list(ownerKey) }));

export const ADD_OWNER_KEY = document(
  `mutation AddOwnerKey($owner: String!, $publicKey: String!) { addOwnerKey(owner: $owner, publicKey: $publicKey) { ${OWNER_KEY} } }`,
  fields({ addOwnerKey: ownerKey }),
);

export const REVOKE_OWNER_KEY = document(
  `mutation RevokeOwnerKey($fingerprint: String!) { revokeOwnerKey(fingerprint: $fingerprint) { ${OWNER_KEY} } }`,
  fields({ revokeOwnerKey: ownerKey }),
);
