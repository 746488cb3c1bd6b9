import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from './agent.js';
import type { Endpoint } from './endpoint.js';
import { Load, type Observed, sendPending } from './load.js';
import { Administrators } from './admins.js';
import { type PostgresProcess, ServerProcess } from './processes.js';
import type { Random } from '../random.js';
import { violations } from './invariants.js';
import { select } from './select.js';

const HOSTS = 60;
const RELAYED = 21;
export const VICTIMS = ['server', 'database', 'both', 'one connection'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Rounds of load on a registry, each of which ends with a kill. Knows what was acknowledged. */
export class CrashRounds {
  readonly observed: Observed = { statuses: new Map(), wrong: [] };
  readonly admins: Administrators;
  private readonly agents: readonly Agent[];
  private server!: ServerProcess;

  constructor(
    private readonly database: PostgresProcess,
    private readonly dataDir: string,
    private readonly token: () => string,
    private readonly random: Random,
  ) {
    this.agents = Array.from({ length: HOSTS }, (_, i) => new Agent(`web-${i}`, random));
    this.admins = new Administrators(() => this.endpoint, random);
  }

  get endpoint(): Endpoint {
    return { url: this.server.url, token: this.token() };
  }

  get acknowledged(): number {
    return this.agents.reduce((sum, agent) => sum + agent.acknowledged, 0);
  }

  async start(): Promise<void> {
    this.server = await ServerProcess.start(this.dataDir, { DATABASE_URL: this.database.url });
  }

  async end(): Promise<void> {
    await this.server.kill();
  }

  /** Runs one round of load that ends with a kill. @returns what is wrong after it */
  async round(victim: Victim): Promise<string[]> {
    const load = new Load(this.agents, RELAYED, () => this.endpoint, this.random, this.observed);
    this.admins.start(this.agents);
    await this.untilAcknowledged();
    await sleep(this.random.between(50, 900));
    await this.kill(victim);
    await sleep(this.random.between(0, 100)); // requests meanwhile are refused or unanswered
    const stopped = Promise.all([load.stop(), this.admins.stop()]);
    await this.restart();
    await stopped;
    const wrong = [
      ...(await this.lost()),
      ...(await violations(this.database.url)),
      ...(await this.admins.wrong(this.database.url)),
    ];
    await sendPending(this.agents, this.endpoint, this.observed);
    wrong.push(
      ...(await this.lost()),
      ...(await violations(this.database.url)),
      ...this.observed.wrong.splice(0),
    );
    return wrong.map((what) => `${victim}: ${what}`);
  }

  /** Waits until the server acknowledges a message: just after its start it is slow. */
  private async untilAcknowledged(): Promise<void> {
    const before = this.acknowledged;
    for (const deadline = Date.now() + 10_000; this.acknowledged === before; await sleep(5))
      if (Date.now() > deadline) throw new Error(`nothing is acknowledged:\n${this.server.output}`);
  }

  private async kill(victim: Victim): Promise<void> {
    if (victim === 'one connection') return this.database.killOne();
    const server = victim === 'database' ? null : this.server.kill();
    if (victim !== 'server') await this.database.kill();
    await server;
  }

  /** Starts again what was killed. A server that lost its database connects again by itself. */
  private async restart(): Promise<void> {
    await this.database.restart();
    if (this.server.ended) await this.start();
    for (const deadline = Date.now() + 20_000; !(await this.ready()); await sleep(20))
      if (Date.now() > deadline) throw new Error(`the server is not ready again:\n${this.server.output}`);
  }

  private async ready(): Promise<boolean> {
    return (await fetch(`${this.server.url}/readyz`).catch(() => null))?.status === 200;
  }

  /** Returns the acknowledged messages that are not stored. */
  private async lost(): Promise<string[]> {
    const rows = await select<{ id: string; report: string; digest: string | null; contact: string | null }>(
      this.database.url,
      `SELECT h.id, h.sequence AS report, h.digest, b.sequence AS contact
         FROM host h
         LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id`,
    );
    const stored = new Map(rows.map((row) => [row.id, row]));
    return this.agents.flatMap((agent) => {
      const row = stored.get(agent.id);
      const sent = [agent.report, agent.pending?.kind === 'reports' ? agent.pending.body : null].filter(
        (report) => report !== null,
      );
      const isStored =
        agent.report === null ||
        sent.some((report) => report.sequence === Number(row?.report) && report.digest === row?.digest);
      if (isStored && (agent.sequence === 0 || Number(row?.contact) >= agent.sequence)) return [];
      return [
        `${agent.name}: report ${agent.report?.sequence} and contact ${agent.sequence} were acknowledged, ` +
          `stored is ${JSON.stringify(row)}`,
      ];
    });
  }
}
