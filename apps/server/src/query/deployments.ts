import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isWorse, neverReported } from '@klpreg/compat';
import { RequestError } from '../errors.js';
import type { Scope } from '../store/access/tokens.store.js';
import { CohortVerdicts } from './cohort-verdicts.js';
import { Fleet, type FleetAnswer } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import { addUp, type Installed } from './no-returns.js';
import { partAt, partIndex } from './policy-rules.js';

/** The number of situations that are judged before other requests have their turn. */
const SITUATIONS_PER_TURN = 20;

/** What the installation of a patch means for a fleet. */
export interface DeploymentAnswer {
  readonly sum: Omit<Sdl.DeployVerdict, 'snapshot' | 'waivers'>;
  readonly installed: readonly Installed[];
  /** About the hosts and the time of the question. */
  readonly answer: FleetAnswer;
}

/** Answers whether a patch can be deployed, and which ways back it closes. */
@Injectable()
export class Deployments {
  constructor(
    private readonly fleet: Fleet,
    private readonly cohortVerdicts: CohortVerdicts,
  ) {}

  /** @param checkTime throws if no time is left for the question */
  async ask(
    { what, ...question }: Sdl.QueryCanDeployArgs,
    scope: Scope | null,
    checkTime: () => void,
  ): Promise<DeploymentAnswer> {
    if (what.original === true || what.previous === true)
      throw new RequestError('BAD_USER_INPUT', '`what` must have one of buildId, release and name');
    const answer = await this.fleet.ask({ ...question, to: what }, scope);
    const installed = await this.install(answer, checkTime);
    const sum = addUp(installed);
    const { limitedByScope } = answer;
    const kind = limitedByScope && isWorse('UNKNOWN', sum.kind) ? 'UNKNOWN' : sum.kind;
    const whatIf = answer.asked.whatIf !== null;
    return { sum: { ...sum, kind, limitedByScope, whatIf }, installed, answer };
  }

  private async install(answer: FleetAnswer, checkTime: () => void): Promise<Installed[]> {
    const { parts, situations, asked, view } = answer;
    const ways = await Promise.all(
      parts.map(async ({ question }, i) => {
        const keys = situations.map(({ count }) => count.freshnessKey).filter((key) => partIndex(key) === i);
        return this.cohortVerdicts.waysBack(keys, asked, question, view);
      }),
    );
    const installed: Installed[] = [];
    for (const [i, { count, verdict }] of situations.entries()) {
      if (i % SITUATIONS_PER_TURN === 0) {
        await setImmediate();
        checkTime();
      }
      const { question } = partAt(parts, count.freshnessKey);
      const found = ways[partIndex(count.freshnessKey)]!(count.freshnessKey);
      if (found === null)
        installed.push({ count, host: null, installing: neverReported(question), ways: [] });
      else {
        const { host, noReturn } = found;
        const { installing, ways: back } = noReturn ?? { installing: verdict, ways: [] };
        installed.push({ count, host, installing, ways: back });
      }
    }
    return installed;
  }
}
