import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Letter, type Outcome } from './agent.js';
import { type Answer, type Door, post } from './door.js';
import type { Random } from './random.js';

/** What agents, relays and their documents met. */
export interface Met {
  readonly statuses: Map<string, number>;
  readonly wrong: string[];
}

/** Many agents at once: most for themselves, some through relays that send batches. */
export class Load {
  private stopping = false;
  private readonly loops: Promise<void>[];

  constructor(
    agents: readonly Agent[],
    relayed: number,
    private readonly door: () => Door,
    readonly random: Random,
    private readonly met: Met,
  ) {
    const relays = Array.from({ length: 3 }, (_, n) =>
      agents.slice(0, relayed).filter((_, i) => i % 3 === n),
    );
    this.loops = [
      ...relays.map((group) => this.repeat(() => this.relay(group))),
      ...agents.slice(relayed).map((agent) => this.repeat(() => this.one(agent))),
    ];
  }

  /** What is under way is waited for; what was not answered stays with its agent. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.loops);
  }

  private async repeat(work: () => Promise<boolean>): Promise<void> {
    await sleep(this.random.between(0, 30));
    while (!this.stopping) if (!(await work())) await sleep(20);
  }

  private async one(agent: Agent): Promise<boolean> {
    return sendNext(agent, this.door(), this.met);
  }

  private async relay(agents: readonly Agent[]): Promise<boolean> {
    const letters = agents.map((agent) => ({ agent, letter: agent.next() }));
    const heard = await Promise.all(
      (['reports', 'heartbeats'] as const).map(async (door) => {
        const some = letters.filter(({ letter }) => letter.door === door);
        const bodies = some.map(({ letter }) => letter.body);
        const answer = some.length === 0 ? null : await post(this.door(), `/v1/${door}:batch`, bodies);
        return some.map(({ agent, letter }, i) => {
          const result = answer?.body.results?.[i];
          return hear(
            agent,
            letter,
            answer && { status: result?.status ?? answer.status, body: result ?? answer.body },
            this.met,
          );
        });
      }),
    );
    return heard.flat().every(Boolean);
  }
}

/** @returns whether it is acknowledged */
async function sendNext(agent: Agent, door: Door, met: Met): Promise<boolean> {
  const letter = agent.next();
  return hear(agent, letter, await post(door, `/v1/${letter.door}`, letter.body), met);
}

function hear(agent: Agent, letter: Letter, answer: Answer, { statuses, wrong }: Met): boolean {
  const status = String(answer?.status ?? 'none');
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (answer?.status === 200) {
    const what = agent.hear(letter, answer.body as Outcome);
    if (what !== null) wrong.push(what);
    return true;
  }
  if (answer !== null && answer.status !== 503)
    wrong.push(
      `${agent.name}: ${letter.door} ${letter.body.sequence} was answered ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  return false;
}

/** Sends what is pending again, until all of it is acknowledged. */
export async function settle(agents: readonly Agent[], door: Door, met: Met): Promise<void> {
  const deadline = Date.now() + 20_000;
  const send = async (agent: Agent) => {
    while (agent.pending !== null && !(await sendNext(agent, door, met))) {
      if (Date.now() > deadline) return void met.wrong.push(`${agent.name} gets no answer`);
      await sleep(50);
    }
  };
  await Promise.all(agents.map(send));
}
