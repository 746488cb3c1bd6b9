import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from './agent.js';
import { ask, type Door, post } from './door.js';
import { QUESTION } from './people.js';
import type { Random } from './random.js';

const FINE = ['STORED', 'UNCHANGED', 'REPEATED', 'SUPERSEDED', 'CONFIRMED', 'REPORT_WANTED'];

/** A host whose agent sends each document to any server, and often to another one at the same time, whose answer it does not wait for. */
export class Wandering extends Agent {
  private others: Promise<void>[] = [];

  constructor(
    name: string,
    private readonly chances: Random,
    private readonly wrong: string[],
  ) {
    super(name, chances);
  }

  /** Sends one document after the other, until it is over. */
  async live(doors: readonly Door[], over: () => boolean): Promise<void> {
    while (!over()) {
      const [first, second] = this.chances.shuffled(doors);
      const letter = this.next();
      if (second !== undefined && this.chances.chance(0.4))
        this.others.push(this.again(second, `/v1/${letter.door}`, letter.body));
      const answer = await this.send(first!, `/v1/${letter.door}`, letter.body);
      this.hear(letter, answer ?? {});
    }
    await Promise.all(this.others.splice(0));
  }

  private async again(door: Door, path: string, document: unknown): Promise<void> {
    await sleep(this.chances.between(0, 15));
    await this.send(door, path, document);
  }

  private async send(door: Door, path: string, document: unknown): Promise<{ outcome: string } | undefined> {
    const answer = await post(door, path, document);
    if (!FINE.includes(answer?.body.outcome))
      this.wrong.push(`${this.name}: ${path} was answered ${JSON.stringify(answer)}`);
    return answer?.body;
  }
}

/** Asks one server, and then each other one with its snapshot, until it is over. Counts in `seen` how often two answers were the same. */
export async function compare(
  doors: readonly Door[],
  over: () => boolean,
  random: Random,
  wrong: string[],
  seen: { same: number },
): Promise<void> {
  for (; !over(); await sleep(20)) {
    const [first, ...others] = random.shuffled(doors);
    const answer = (await ask(first!, QUESTION))?.canDowngrade;
    for (const door of others) {
      const again = (await ask(door, QUESTION, { snapshot: answer?.snapshot.id }))?.canDowngrade;
      if (answer !== undefined && JSON.stringify(again) === JSON.stringify(answer)) seen.same += 1;
      else wrong.push(`answered otherwise:\n  ${JSON.stringify(answer)}\n  ${JSON.stringify(again)}`);
    }
  }
}
