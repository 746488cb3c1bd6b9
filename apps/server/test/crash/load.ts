import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Message, type Outcome } from './agent.js';
import { type Answer, type Endpoint, post } from './endpoint.js';
import type { Random } from '../random.js';

/** The statuses that agents and relays received, and what was wrong. */
export interface Observed {
  readonly statuses: Map<string, number>;
  readonly wrong: string[];
}

/** Many agents at once: most send for themselves, some through relays that send batches. */
export class Load {
  private stopping = false;
  private readonly loops: Promise<void>[];

  constructor(
    agents: readonly Agent[],
    relayed: number,
    private readonly endpoint: () => Endpoint,
    readonly random: Random,
    private readonly observed: Observed,
  ) {
    const relays = Array.from({ length: 3 }, (_, n) =>
      agents.slice(0, relayed).filter((_, i) => i % 3 === n),
    );
    this.loops = [
      ...relays.map((group) => this.repeat(() => this.relay(group))),
      ...agents
        .slice(relayed)
        .map((agent) => this.repeat(() => sendNext(agent, this.endpoint(), this.observed))),
    ];
  }

  /** Waits for the requests in progress. An unanswered message stays with its agent. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.loops);
  }

  private async repeat(work: () => Promise<boolean>): Promise<void> {
    await sleep(this.random.between(0, 30));
    while (!this.stopping) if (!(await work())) await sleep(20);
  }

  private async relay(agents: readonly Agent[]): Promise<boolean> {
    const messages = agents.map((agent) => ({ agent, message: agent.next() }));
    const acknowledged = await Promise.all(
      (['reports', 'heartbeats'] as const).map(async (kind) => {
        const some = messages.filter(({ message }) => message.kind === kind);
        const bodies = some.map(({ message }) => message.body);
        const answer = some.length === 0 ? null : await post(this.endpoint(), `/v1/${kind}:batch`, bodies);
        return some.map(({ agent, message }, i) => {
          const result = answer?.body.results?.[i];
          return record(
            agent,
            message,
            answer && { status: result?.status ?? answer.status, body: result ?? answer.body },
            this.observed,
          );
        });
      }),
    );
    return acknowledged.flat().every(Boolean);
  }
}

/** @returns whether the message is acknowledged */
async function sendNext(agent: Agent, endpoint: Endpoint, observed: Observed): Promise<boolean> {
  const message = agent.next();
  return record(agent, message, await post(endpoint, `/v1/${message.kind}`, message.body), observed);
}

/** Passes an answer to its agent. @returns whether the message is acknowledged */
function record(agent: Agent, message: Message, answer: Answer, { statuses, wrong }: Observed): boolean {
  const status = String(answer?.status ?? 'none');
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (answer?.status === 200) {
    const what = agent.receive(message, answer.body as Outcome);
    if (what !== null) wrong.push(what);
    return true;
  }
  if (answer !== null && answer.status !== 503)
    wrong.push(
      `${agent.name}: ${message.kind} ${message.body.sequence} was answered ${answer.status} ` +
        JSON.stringify(answer.body),
    );
  return false;
}

/** Sends pending messages again until all are acknowledged. */
export async function sendPending(
  agents: readonly Agent[],
  endpoint: Endpoint,
  observed: Observed,
): Promise<void> {
  const deadline = Date.now() + 20_000;
  const send = async (agent: Agent) => {
    while (agent.pending !== null && !(await sendNext(agent, endpoint, observed))) {
      if (Date.now() > deadline) return void observed.wrong.push(`${agent.name} gets no answer`);
      await sleep(50);
    }
  };
  await Promise.all(agents.map(send));
}
