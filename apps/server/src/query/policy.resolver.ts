import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { limitExceeded, RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { PoliciesStore } from '../store/catalog/policies.store.js';
import { requireReason } from './admin-input.js';
import { type Connection, connect, toPage } from './connection.js';
import { Fleet } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import { policyDifference } from './policy-difference.js';
import { toPolicyDocument } from './policy-document.js';
import { policyView } from './policy-view.js';
import { type RequestContext, scopeOf, senderOf } from './sender.js';
import { inTime } from './time-limit.js';

const DEFAULT_TARGETS: readonly Sdl.TargetInput[] = [{ previous: true }, { original: true }];
const MAX_TARGETS = 5;
/** The largest `integer` of PostgreSQL, which numbers the revisions. */
const LAST_REVISION = 2 ** 31 - 1;

/** Answers `policy`, `policies` and `applyPolicy`. */
@Resolver('Policy')
export class PolicyResolver {
  constructor(
    private readonly policies: PoliciesStore,
    private readonly audit: AuditStore,
    private readonly fleet: Fleet,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Query('policy')
  async policy(@Args() { revision }: Sdl.QueryPolicyArgs): Promise<Sdl.Policy | null> {
    const policy = await this.policies.get(revision ?? null);
    return policy === null ? null : policyView(policy);
  }

  @Query('policies')
  async list(@Args() args: Sdl.QueryPoliciesArgs): Promise<Connection<Sdl.Policy>> {
    const page = toPage(args, ['number']);
    const before = page.key === null ? null : Math.min(Number(page.key[0]), LAST_REVISION);
    const [found, total] = await Promise.all([
      this.policies.page(before, page.size + 1),
      this.policies.count(),
    ]);
    return connect(found.map(policyView), page, total, ({ revision }) => [String(revision)]);
  }

  @Mutation('applyPolicy')
  async applyPolicy(
    @Args() { document: text, reason, dryRun, expectedRevision, targets }: Sdl.MutationApplyPolicyArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.PolicyChange> {
    requireReason(reason);
    const document = toPolicyDocument(text, this.config.intervalSeconds);
    const expected = expectedRevision ?? null;
    if (dryRun === true) {
      const replaces = (await this.policies.get(null))?.revision ?? null;
      if (expected !== null && expected !== (replaces ?? 0)) throw isAnother(expected, replaces ?? 0);
      const compared = targets ?? DEFAULT_TARGETS;
      if (compared.length < 1 || compared.length > MAX_TARGETS)
        throw limitExceeded('targets', MAX_TARGETS, compared.length, '/targets');
      const policy = { revision: null, document };
      const scope = scopeOf(context);
      const differences = await inTime(this.config.questionSeconds, async (checkTime) => {
        const found: Sdl.PolicyDifference[] = [];
        for (const to of compared) {
          checkTime();
          found.push(await policyDifference(this.fleet, to, policy, scope, checkTime));
        }
        return found;
      });
      return { policy: null, replaces, differences };
    }
    const who = senderOf(context);
    const policy = { document, appliedAt: this.clock.now(), appliedBy: who, reason };
    return this.audit.record(async (tx) => {
      const applied = await this.policies.add(tx, policy, expected);
      if (typeof applied === 'number') throw isAnother(expected!, applied);
      const { revision } = applied;
      const replaces = revision === 1 ? null : revision - 1;
      return {
        result: { policy: policyView(applied), replaces, differences: [] },
        entry: { who, action: 'apply-policy', subject: String(revision), detail: { document, reason } },
      };
    });
  }
}

const revisionText = (revision: number): string => (revision === 0 ? 'none' : `revision ${revision}`);

const isAnother = (expected: number, found: number): RequestError =>
  new RequestError(
    'AMBIGUOUS',
    `the current policy is ${revisionText(found)}, and ` +
      `${revisionText(expected)} was expected: look at it, and ` +
      'apply yours again',
    [
      {
        pointer: '/expectedRevision',
        detail: `must be ${found}, the current revision`,
        found: String(expected),
      },
    ],
  );
