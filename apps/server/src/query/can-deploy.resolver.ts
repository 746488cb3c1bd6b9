import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { Deployments } from './deployments.js';
import type * as Sdl from './generated/schema.js';
import { usedWaivers } from './records/used-waivers.js';
import { type RequestContext, scopeOf } from './sender.js';
import { snapshotView } from './snapshot.js';
import { checkTime } from './time-limit.js';

/** Answers `canDeploy`. */
@Resolver()
export class CanDeployResolver {
  constructor(private readonly deployments: Deployments) {}

  @Query('canDeploy')
  async canDeploy(
    @Args() args: Sdl.QueryCanDeployArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.DeployVerdict> {
    const { sum, installed, answer } = await this.deployments.ask(args, scopeOf(context), () =>
      checkTime(context),
    );
    const judged = installed.map(({ count, installing }) => ({ count, verdict: installing }));
    return { ...sum, waivers: usedWaivers(answer, judged), snapshot: snapshotView(answer) };
  }
}
