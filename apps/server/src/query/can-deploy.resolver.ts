import { setImmediate } from 'node:timers/promises';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { isWorse, neverReported } from '@klpreg/compat';
import { RequestError } from '../errors.js';
import { CohortVerdicts } from './cohort-verdicts.js';
import { Fleet, type FleetAnswer } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import { addUp, type Installed } from './no-returns.js';
import { type RequestContext, scopeOf } from './sender.js';
import { snapshotView } from './snapshot.js';
import { checkTime } from './time-limit.js';

/** The number of situations that are judged before other requests have their turn. */
const SITUATIONS_PER_TURN = 20;

/** Answers `canDeploy`. */
@Resolver()
export class CanDeployResolver {
  constructor(
    private readonly fleet: Fleet,
    private readonly cohortVerdicts: CohortVerdicts,
  ) {}

  @Query('canDeploy')
  async canDeploy(
    @Args() { what, ...question }: Sdl.QueryCanDeployArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.DeployVerdict> {
    if (what.original === true || what.previous === true)
      throw new RequestError('BAD_USER_INPUT', '`what` must have one of buildId, release and name');
    const answer = await this.fleet.ask({ ...question, to: what }, scopeOf(context));
    const sum = addUp(await this.install(answer, context));
    return {
      ...sum,
      kind: answer.limitedByScope && isWorse('UNKNOWN', sum.kind) ? 'UNKNOWN' : sum.kind,
      limitedByScope: answer.limitedByScope,
      snapshot: snapshotView({ ...answer, snapshotId: null }),
    };
  }

  private async install(answer: FleetAnswer, context: RequestContext): Promise<Installed[]> {
    const ways = await this.cohortVerdicts.waysBack(
      answer.situations.map(({ count }) => count.freshnessKey),
      answer.asked,
      answer.question,
      answer.view,
    );
    const installed: Installed[] = [];
    for (const [i, { count, verdict }] of answer.situations.entries()) {
      if (i % SITUATIONS_PER_TURN === 0) {
        await setImmediate();
        checkTime(context);
      }
      const found = ways(count.freshnessKey);
      if (found === null)
        installed.push({ count, host: null, installing: neverReported(answer.question), ways: [] });
      else {
        const { host, noReturn } = found;
        const { installing, ways: back } = noReturn ?? { installing: verdict, ways: [] };
        installed.push({ count, host, installing, ways: back });
      }
    }
    return installed;
  }
}
