import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from './agent.js';
import type { Door } from './door.js';
import { Load, type Met, settle } from './load.js';
import { People } from './people.js';
import { type PostgresProcess, ServerProcess } from './processes.js';
import type { Random } from './random.js';
import { exceptions, select } from './truths.js';

const HOSTS = 60;
const RELAYED = 21;
export const VICTIMS = ['server', 'database', 'both', 'one connection'] as const;
export type Victim = (typeof VICTIMS)[number];

/** A registry that is killed again and again, what was sent to it, and what it acknowledged. */
export class Siege {
  readonly met: Met = { statuses: new Map(), wrong: [] };
  readonly people: People;
  private readonly agents: readonly Agent[];
  private server!: ServerProcess;

  constructor(
    private readonly database: PostgresProcess,
    private readonly dataDir: string,
    private readonly token: () => string,
    private readonly random: Random,
  ) {
    this.agents = Array.from({ length: HOSTS }, (_, i) => new Agent(`web-${i}`, random));
    this.people = new People(() => this.door, random);
  }

  get door(): Door {
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

  /** One round of load that ends with a kill. @returns what is wrong after it: nothing */
  async round(victim: Victim): Promise<string[]> {
    const load = new Load(this.agents, RELAYED, () => this.door, this.random, this.met);
    this.people.start(this.agents);
    await this.begun();
    await sleep(this.random.between(50, 900));
    await this.kill(victim);
    await sleep(this.random.between(0, 100)); // who knocks meanwhile is told so, or hears nothing
    const stopped = Promise.all([load.stop(), this.people.stop()]);
    await this.restart();
    await stopped;
    const wrong = [
      ...(await this.lost()),
      ...(await exceptions(this.database.url)),
      ...(await this.people.wrong(this.database.url)),
    ];
    await settle(this.agents, this.door, this.met);
    wrong.push(...(await this.lost()), ...(await exceptions(this.database.url)), ...this.met.wrong.splice(0));
    return wrong.map((what) => `${victim}: ${what}`);
  }

  /** A server that has just started is slow: the load has begun when something was acknowledged. */
  private async begun(): Promise<void> {
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

  /** Starts again what is gone. A server that lost its database finds it again by itself. */
  private async restart(): Promise<void> {
    await this.database.restart();
    if (this.server.ended) await this.start();
    for (const deadline = Date.now() + 20_000; !(await this.ready()); await sleep(20))
      if (Date.now() > deadline) throw new Error(`the server does not come back:\n${this.server.output}`);
  }

  private async ready(): Promise<boolean> {
    return (await fetch(`${this.server.url}/readyz`).catch(() => null))?.status === 200;
  }

  /** Which acknowledged documents are not there? */
  private async lost(): Promise<string[]> {
    const rows = await select<{ id: string; report: string; digest: string | null; contact: string | null }>(
      this.database.url,
      'SELECT h.id, h.sequence AS report, h.digest, b.sequence AS contact FROM host h LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id',
    );
    const stored = new Map(rows.map((row) => [row.id, row]));
    return this.agents.flatMap((agent) => {
      const row = stored.get(agent.id);
      const sent = [agent.report, agent.pending?.door === 'reports' ? agent.pending.body : null].filter(
        (report) => report !== null,
      );
      const fine =
        agent.report === null ||
        sent.some((report) => report.sequence === Number(row?.report) && report.digest === row?.digest);
      if (fine && (agent.sequence === 0 || Number(row?.contact) >= agent.sequence)) return [];
      return [
        `${agent.name} was told that ${agent.report?.sequence}, ${agent.sequence} are kept: ${JSON.stringify(row)}`,
      ];
    });
  }
}
