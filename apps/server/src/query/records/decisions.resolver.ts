import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { sha256 } from '@klpreg/wire';
import { v7 as uuidv7 } from 'uuid';
import { bearerOf } from '../../access/access.js';
import { isWithin } from '../../access/scope.js';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { AuditStore } from '../../store/access/audit.store.js';
import { CertificateKeys } from '../../store/access/signing-key.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { DecisionsStore, scopeText, type VisibleScopes } from '../../store/records/decisions.store.js';
import { WaiversStore } from '../../store/records/waivers.store.js';
import { connect, type Connection, toPage } from '../connection.js';
import type * as Sdl from '../generated/schema.js';
import { type RequestContext, scopeOf } from '../sender.js';
import { refuseWhatIf } from '../what-if.js';
import { inTime } from '../time-limit.js';
import { Afterwards } from './afterwards.js';
import { decisionOfBoth, requireActive, requireRecent } from './current-answer.js';
import { signedText, toRecord } from './decision-record.js';
import { type DecisionParent, decisionView } from './decision-view.js';
import { Gates } from './gates.js';
import { requireValid } from './record-input.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Answers `decisions`, `decision` and `recordDecision`. */
@Resolver('Decision')
export class DecisionsResolver {
  constructor(
    private readonly gates: Gates,
    private readonly store: DecisionsStore,
    private readonly audit: AuditStore,
    private readonly keys: CertificateKeys,
    private readonly waivers: WaiversStore,
    private readonly clock: Clock,
    private readonly later: Afterwards,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Query('decisions')
  async list(
    @Args() args: Sdl.QueryDecisionsArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<DecisionParent>> {
    const page = toPage(args, ['number', 'uuid']);
    const [at, id] = page.key ?? [];
    const after = at === undefined ? null : { at: new Date(Math.min(Number(at), 8.64e15)), id: id! };
    const visible = await this.visible(scopeOf(context));
    const condition = args.where ?? {};
    const [found, total] = await Promise.all([
      this.store.list(condition, visible, { size: page.size + 1, after, backwards: page.backwards }),
      this.store.count(condition, visible),
    ]);
    return connect(found.map(decisionView), page, total, (row) => [String(row.at.getTime()), row.id]);
  }

  @Query('decision')
  async one(
    @Args() { id }: Sdl.QueryDecisionArgs,
    @Context() context: RequestContext,
  ): Promise<DecisionParent | null> {
    if (!UUID.test(id.toLowerCase())) return null;
    const row = await this.store.find(id.toLowerCase(), await this.visible(scopeOf(context)));
    return row && decisionView(row);
  }

  @Mutation('recordDecision')
  async record(
    @Args() { input }: Sdl.MutationRecordDecisionArgs,
    @Context() context: RequestContext,
  ): Promise<DecisionParent> {
    const { name: who, scope } = bearerOf(context.reply.request);
    const issuedAt = this.clock.now();
    const id = uuidv7();
    const { changeId, gate, claimed, breakGlass, ignored, validFor, ...question } = requireValid(
      input,
      issuedAt,
    );
    refuseWhatIf(question.target, 'a recorded decision');
    const codes = ignored.map(({ code }) => code);
    // a question that allows nothing by itself leaves it to the policy
    const asked =
      codes.length === 0
        ? question
        : { ...question, allow: [...new Set([...(question.allow ?? []), ...codes])] };
    const answer = await inTime(this.config.questionSeconds, (checkTime) =>
      this.gates.ask(gate, asked, scope, checkTime),
    );
    requireRecent(answer.snapshot.now, issuedAt, this.config.intervalSeconds);
    requireActive(answer.waivers, await this.waivers.activeAt(issuedAt));
    const record = toRecord(question, answer, {
      id,
      decision: decisionOfBoth(claimed, answer),
      changeId: changeId ?? id,
      gate,
      who,
      allowed: question.allow ?? [],
      ignored,
      breakGlass: breakGlass ?? null,
      issuedAt,
      expiresAt: new Date(issuedAt.getTime() + validFor * 1000),
    });
    const text = signedText(record);
    const row = {
      id,
      changeId: record.changeId,
      gate,
      decision: record.decision,
      overridden: record.overridden,
      at: issuedAt,
      who,
      scope: scopeText(scope),
      record: text,
      keyId: this.keys.current.id,
      signature: this.keys.current.sign(text),
    };
    const { decision, overridden, overrides } = record;
    const detail = {
      changeId: record.changeId,
      gate,
      decision,
      overridden,
      ...(overrides.breakGlass !== null && { breakGlass: overrides.breakGlass }),
      record: sha256(text),
    };
    await this.audit.record(async (tx) => {
      await this.store.add(tx, row);
      return { result: null, entry: { who, action: 'record-decision', subject: id, detail } };
    });
    return decisionView(row);
  }

  @ResolveField('afterwards')
  async afterwards(
    @Parent() decision: DecisionParent,
    @Args() { at }: Sdl.DecisionAfterwardsArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Afterwards | null> {
    return this.later.count(decision, at ?? null, scopeOf(context));
  }

  /** The scopes whose decisions a scope may see: those within it. */
  private async visible(scope: Scope | null): Promise<VisibleScopes> {
    if (scope === null) return null;
    return (await this.store.scopes()).filter((text) => isWithin(JSON.parse(text) as Scope, scope));
  }
}
