import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import { CertificateKey } from '../../store/access/signing-key.js';
import type * as Sdl from '../generated/schema.js';
import { type RequestContext, scopeOf } from '../sender.js';
import { checkTime } from '../time-limit.js';
import { changesBetween } from './certificate-changes.js';
import { type DecisionRecord, recordedFilter } from './decision-record.js';
import { type GateQuestion, Gates } from './gates.js';
import { PastAnswers } from './past-answers.js';

/** Answers `certificateKeys` and `certificateHolds`. */
@Resolver()
export class CertificatesResolver {
  constructor(
    private readonly gates: Gates,
    private readonly past: PastAnswers,
    private readonly key: CertificateKey,
    private readonly clock: Clock,
  ) {}

  @Query('certificateKeys')
  keys(): Sdl.CertificateKey[] {
    return [{ id: this.key.id, publicKey: this.key.publicKey }];
  }

  @Query('certificateHolds')
  async holds(
    @Args() { certificate }: Sdl.QueryCertificateHoldsArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.CertificateCheck> {
    const { content, signature } = certificate;
    if (!this.key.signed(content, signature))
      throw new RequestError(
        'BAD_USER_INPUT',
        `\`certificate\` must be signed with the key ${this.key.id} of this registry: it was changed, or another ` +
          'registry or an earlier key signed it',
      );
    const record = JSON.parse(content) as DecisionRecord;
    const now = this.clock.now();
    const answer = await this.gates.ask(record.gate, questionNow(record, now), scopeOf(context), () =>
      checkTime(context),
    );
    const then = record.answer;
    const changes = changesBetween(then, answer);
    const isNew = ({ reason, hostsThen }: Sdl.ReasonChange) => reason.kind !== 'ADVISORY' && hostsThen === 0;
    return {
      holds: answer.decision === record.decision && answer.kind === then.kind && !changes.some(isNew),
      expired: now >= new Date(record.expiresAt),
      decisionThen: record.decision,
      decisionNow: answer.decision,
      kindThen: then.kind,
      kindNow: answer.kind,
      countsThen: then.counts,
      countsNow: answer.counts,
      changes,
      historyGone: await this.past.whyGone(then.snapshot, now),
      snapshot: answer.snapshot,
    };
  }
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
