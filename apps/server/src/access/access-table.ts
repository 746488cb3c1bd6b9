import type { TokenKind } from './token-text.js';

/** Who may use a route or a field. */
export interface Right {
  /** The kinds of tokens; null: no token is needed. */
  readonly kinds: readonly TokenKind[] | null;
  /** Needs no token while access is switched off. */
  readonly openWhenOff: boolean;
  /** Refused to tokens with a scope, because the answer is about the whole fleet. */
  readonly wholeFleet?: true;
  /**
   * The route checks the right itself, because it looks at the kind of credential, or refuses overload,
   * first.
   */
  readonly checkedByRoute?: true;
}

const ANYONE: Right = { kinds: null, openWhenOff: true };
/** Reading: open while access is switched off. */
const reads = (...kinds: TokenKind[]): Right => ({ kinds, openWhenOff: true });
/** Changes, and what shows credentials: a token is always needed. */
const changes = (...kinds: TokenKind[]): Right => ({ kinds, openWhenOff: false });

const SENDERS: Right = { ...changes('admin', 'relay', 'host'), checkedByRoute: true };
const DOCUMENTATION = reads('admin', 'publisher', 'gate', 'reader', 'relay');
const FLEET = reads('admin', 'gate', 'reader');
const CATALOG = reads('admin', 'gate', 'reader', 'publisher');
const ADMINS = changes('admin');
/** The catalog, the audit log and enrolment are about all hosts: one that has not reported has no labels. */
const FLEET_ADMINS: Right = { ...ADMINS, wholeFleet: true };
const PUBLISHERS: Right = { ...changes('admin', 'publisher'), wholeFleet: true };

/** The right to each route, by its method and its path as Fastify registers it. HEAD is as GET. */
export const ROUTES: Readonly<Record<string, Right>> = {
  // pages have no data: they ask for a token if questions need one
  'GET /': ANYONE,
  'GET /back': ANYONE,
  'GET /rollout': ANYONE,
  'GET /matrix': ANYONE,
  'GET /states': ANYONE,
  'GET /hosts': ANYONE,
  'GET /hosts/:id': ANYONE,
  'GET /catalog': ANYONE,
  'GET /catalog/:buildId': ANYONE,
  'GET /decisions': ANYONE,
  'GET /decisions/:id': ANYONE,
  'GET /admin': ANYONE,
  'GET /signed-in': ANYONE,
  'GET /graphiql': ANYONE,
  'GET /icon.svg': ANYONE,
  'GET /assets/:file': ANYONE,
  'GET /livez': ANYONE,
  'GET /readyz': ANYONE,
  // how to sign in is asked before there is a token
  'GET /v1/login': ANYONE,
  'GET /metrics': { ...reads('admin', 'reader'), wholeFleet: true },
  'GET /docs': DOCUMENTATION,
  'GET /docs/': DOCUMENTATION,
  'GET /docs/*': DOCUMENTATION,
  'GET /docs/docs/swagger-ui-init.js': DOCUMENTATION,
  'GET /docs/index.html': DOCUMENTATION,
  'GET /docs/json': DOCUMENTATION,
  'GET /docs/LICENSE': DOCUMENTATION,
  'GET /docs/swagger-ui-init.js': DOCUMENTATION,
  'GET /docs-yaml': DOCUMENTATION,
  'POST /v1/reports': SENDERS,
  'POST /v1/reports::batch': SENDERS,
  'POST /v1/heartbeats': SENDERS,
  'POST /v1/heartbeats::batch': SENDERS,
  'POST /v1/enrolments': { ...changes('enrol'), checkedByRoute: true },
  // the request is signed with the key of the host
  'POST /v1/credentials': ANYONE,
  'PUT /v1/patches/:buildId': PUBLISHERS,
  // each field has its own row below
  'POST /graphql': CATALOG,
  'GET /graphql': CATALOG,
  // as introspection
  'GET /graphql/schema': CATALOG,
};

/** The right to each root field of GraphQL, and to introspection. */
export const FIELDS: Readonly<Record<string, Right>> = {
  'Query.__schema': CATALOG,
  'Query.__type': CATALOG,
  'Query.viewer': CATALOG,
  // without its numbers of the whole fleet for a token with a scope
  'Query.registry': FLEET,
  'Query.node': FLEET,
  'Query.host': FLEET,
  'Query.hosts': FLEET,
  'Query.patch': CATALOG,
  'Query.patches': CATALOG,
  'Query.release': FLEET,
  'Query.releases': FLEET,
  'Query.states': FLEET,
  'Query.ownerKeys': CATALOG,
  'Query.ownerPolicies': CATALOG,
  'Query.policy': CATALOG,
  'Query.policies': CATALOG,
  'Query.enrolmentTokens': FLEET_ADMINS,
  'Query.enrolments': FLEET_ADMINS,
  'Query.canDowngrade': FLEET,
  'Query.canDeploy': FLEET,
  'Query.verdictCounts': FLEET,
  'Query.plan': FLEET,
  'Query.drift': FLEET,
  // the sums are of all hosts
  'Query.verdictHistory': { ...FLEET, wholeFleet: true },
  'Query.watchedTargets': { ...FLEET, wholeFleet: true },
  'Query.fleet': FLEET,
  'Query.newestSafe': FLEET,
  'Query.canary': FLEET,
  'Subscription.hostChanged': FLEET,
  'Subscription.verdictChanged': FLEET,
  'Subscription.transitionStalled': FLEET,
  'Query.auditLog': FLEET_ADMINS,
  'Query.auditHead': FLEET_ADMINS,
  'Query.auditCheck': FLEET_ADMINS,
  'Query.decisions': FLEET,
  'Query.decision': FLEET,
  'Query.waivers': FLEET,
  'Query.certificateKeys': CATALOG,
  'Query.certificateHolds': FLEET,
  'Mutation.addHost': ADMINS,
  'Mutation.labelHost': ADMINS,
  'Mutation.retireHost': ADMINS,
  'Mutation.releaseHost': ADMINS,
  'Mutation.resetHostSequence': ADMINS,
  'Mutation.setBootBaseline': ADMINS,
  'Mutation.recallPatch': PUBLISHERS,
  'Mutation.transferPatch': FLEET_ADMINS,
  'Mutation.setOwnerPolicy': FLEET_ADMINS,
  'Mutation.applyPolicy': FLEET_ADMINS,
  'Mutation.addOwnerKey': FLEET_ADMINS,
  'Mutation.revokeOwnerKey': FLEET_ADMINS,
  'Mutation.watchTarget': { ...changes('admin', 'gate'), wholeFleet: true },
  'Mutation.unwatchTarget': { ...changes('admin', 'gate'), wholeFleet: true },
  'Query.tokens': ADMINS,
  'Mutation.createToken': ADMINS,
  'Mutation.revokeToken': ADMINS,
  'Mutation.createEnrolmentToken': FLEET_ADMINS,
  'Mutation.revokeEnrolmentToken': FLEET_ADMINS,
  'Mutation.approveEnrolment': FLEET_ADMINS,
  'Mutation.rejectEnrolment': FLEET_ADMINS,
  'Mutation.revokeHostCredential': FLEET_ADMINS,
  'Mutation.resetHostCredential': FLEET_ADMINS,
  'Mutation.rotateServerKey': FLEET_ADMINS,
  // the decision is made again by the registry, within the scope of the token
  'Mutation.recordDecision': changes('admin', 'gate'),
  'Mutation.addWaiver': ADMINS,
  'Mutation.revokeWaiver': ADMINS,
};
