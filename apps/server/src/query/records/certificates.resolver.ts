import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import { CertificateKeys } from '../../store/access/signing-key.js';
import type * as Sdl from '../generated/schema.js';
import { type RequestContext, scopeOf } from '../sender.js';
import { checkTime } from '../time-limit.js';
import { changesBetween, countNew } from './certificate-changes.js';
import { type DecisionRecord, recordedFilter } from './decision-record.js';
import { type GateAnswer, type GateQuestion, Gates } from './gates.js';
import { PastAnswers } from './past-answers.js';

const MAX_CHANGES = 200;

/** Answers `certificateKeys` and `certificateHolds`. */
@Resolver()
export class CertificatesResolver {
  constructor(
    private readonly gates: Gates,
    private readonly past: PastAnswers,
    private readonly certificateKeys: CertificateKeys,
    private readonly clock: Clock,
  ) {}

  @Query('certificateKeys')
  keys(): Sdl.CertificateKey[] {
    const { current, all } = this.certificateKeys;
    return all.map((key) => ({ id: key.id, publicKey: key.publicKey, current: key === current }));
  }

  @Query('certificateHolds')
  async holds(
    @Args() { certificate }: Sdl.QueryCertificateHoldsArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.CertificateCheck> {
    const { content, signature } = certificate;
    if (!this.certificateKeys.signed(content, signature))
      throw new RequestError(
        'BAD_USER_INPUT',
        `\`certificate\` must be signed with the key ${this.certificateKeys.current.id} of ` +
          'this registry, or with an earlier one that it lists: it ' +
          'was changed, or another registry signed it',
      );
    const record = JSON.parse(content) as DecisionRecord;
    const now = this.clock.now();
    const answer = await this.gates.ask(record.gate, questionNow(record, now), scopeOf(context), () =>
      checkTime(context),
    );
    const then = record.answer;
    const why = whyNot(record, answer);
    return {
      holds: why === null,
      why,
      expired: now >= new Date(record.expiresAt),
      decisionThen: record.decision,
      decisionNow: answer.decision,
      kindThen: then.kind,
      kindNow: answer.kind,
      countsThen: then.counts,
      countsNow: answer.counts,
      changes: changesBetween(then, answer).slice(0, MAX_CHANGES),
      historyGone: await this.past.whyGone(then.snapshot, now),
      snapshot: answer.snapshot,
    };
  }
}

/** Returns why a certificate does not hold. Null: it does. */
function whyNot(
  { decision, registryDecision, answer: then }: DecisionRecord,
  now: GateAnswer,
): string | null {
  if (decision !== registryDecision)
    return `the gate could not tell, while the registry decided ${registryDecision}: ask again`;
  if (now.decision !== decision) return `the decision was ${decision}, and is ${now.decision} now`;
  if (now.kind !== then.kind) return `the worst verdict was ${then.kind}, and is ${now.kind} now`;
  const found = countNew(then, now);
  if (found === 0) return null;
  const { reasons, reasonCount } = then;
  return reasonCount > reasons.length
    ? `of ${reasonCount} reasons the record lists ${reasons.length}, and ${found} of now are not among them`
    : `new reasons: ${found}`;
}

/** The question of a certificate, about the present. What was ignored counts until it expires. */
function questionNow(record: DecisionRecord, now: Date): GateQuestion {
  const { question, overrides } = record;
  const ignored = overrides.ignored.filter(({ expiresAt }) => now < new Date(expiresAt));
  return {
    ...(question as unknown as GateQuestion),
    ...(question.where != null && { where: recordedFilter(record) }),
    allow:
      ignored.length === 0
        ? (question.allow ?? null)
        : [...new Set([...(question.allow ?? []), ...ignored.map(({ code }) => code)])],
    snapshot: null,
    asOf: null,
    catalog: null,
  };
}
