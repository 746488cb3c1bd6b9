import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from './agent.js';
import { ask, type Endpoint, post } from './endpoint.js';
import { QUESTION } from './admins.js';
import type { Random } from '../random.js';

const OUTCOMES = ['STORED', 'UNCHANGED', 'REPEATED', 'SUPERSEDED', 'CONFIRMED', 'REPORT_WANTED'];

/**
 * An agent that sends each message to a random server.
 *
 * It often sends the same message to a second server, and does not wait for that answer.
 */
export class RoamingAgent extends Agent {
  private copies: Promise<void>[] = [];

  constructor(
    name: string,
    private readonly draws: Random,
    private readonly wrong: string[],
  ) {
    super(name, draws);
  }

  /** Sends one message after the other until `over`. */
  async run(endpoints: readonly Endpoint[], over: () => boolean): Promise<void> {
    while (!over()) {
      const [first, second] = this.draws.shuffled(endpoints);
      const message = this.next();
      if (second !== undefined && this.draws.happens(0.4))
        this.copies.push(this.sendCopy(second, `/v1/${message.kind}`, message.body));
      const answer = await this.send(first!, `/v1/${message.kind}`, message.body);
      this.receive(message, answer ?? {});
    }
    await Promise.all(this.copies.splice(0));
  }

  private async sendCopy(endpoint: Endpoint, path: string, document: unknown): Promise<void> {
    await sleep(this.draws.between(0, 15));
    await this.send(endpoint, path, document);
  }

  private async send(
    endpoint: Endpoint,
    path: string,
    document: unknown,
  ): Promise<{ outcome: string } | undefined> {
    const answer = await post(endpoint, path, document);
    if (!OUTCOMES.includes(answer?.body.outcome))
      this.wrong.push(`${this.name}: ${path} was answered ${JSON.stringify(answer)}`);
    return answer?.body;
  }
}

/**
 * Asks one server, and then each other one with the same snapshot, until `over`.
 *
 * Adds to `seen.same` each time that two answers are the same.
 */
export async function compare(
  endpoints: readonly Endpoint[],
  over: () => boolean,
  random: Random,
  wrong: string[],
  seen: { same: number },
): Promise<void> {
  for (; !over(); await sleep(20)) {
    const [first, ...others] = random.shuffled(endpoints);
    const answer = (await ask(first!, QUESTION))?.canDowngrade;
    for (const endpoint of others) {
      const again = (await ask(endpoint, QUESTION, { snapshot: answer?.snapshot.id }))?.canDowngrade;
      if (answer !== undefined && JSON.stringify(again) === JSON.stringify(answer)) seen.same += 1;
      else wrong.push(`different answers:\n  ${JSON.stringify(answer)}\n  ${JSON.stringify(again)}`);
    }
  }
}
