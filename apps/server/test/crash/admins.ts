import { setTimeout as sleep } from 'node:timers/promises';
import { listed, running } from '../registry.js';
import type { Agent } from './agent.js';
import { ask, type Endpoint } from './endpoint.js';
import type { Random } from '../random.js';
import { select } from './select.js';

const LABEL = `mutation ($id: ID!, $role: String!) {
  labelHost(id: $id, labels: [{ key: "role", value: $role }]) { id } }`;
const RETIRE = 'mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }';
const ADD = 'mutation ($id: ID, $name: String!) { addHost(input: { id: $id, hostname: $name }) { id } }';
export const RECALL = `mutation ($id: String!, $recalled: Boolean!) {
  recallPatch(buildId: $id, recalled: $recalled) { buildId } }`;
export const PATCH = listed('lab_r_1v1_a').buildId!;

/** Without examples, because those may be newer than the snapshot. */
export const QUESTION = `query ($snapshot: ID, $where: HostFilter) {
  canDowngrade(to: { name: "lab_r_1v1_a" }, snapshot: $snapshot, where: $where) {
  kind matched counts { safe unknown unsafe refused total harmful }
  reasons { nodes { hosts reason { code stateId } } }
  cohorts(first: 50) {
    totalCount nodes { hosts freshness labels { key value } stack { name } verdict { kind route } } }
  hosts(first: 100) { totalCount nodes { host { hostname bootId stack { name } } verdict { kind } } }
  snapshot { id now catalogRevision } } }`;
const WHERES = [undefined, { labels: [{ key: 'role', in: ['web'] }] }];
const ADMINS = 4;

/** The last acknowledged value, and the values of later changes that were not answered. */
interface KnownValue {
  acknowledged: string | null;
  readonly unanswered: Set<string>;
}

/** Administrators who label, add and retire hosts, recall a patch, and repeat questions. */
export class Administrators {
  private readonly values = new Map<string, KnownValue>([
    ['recalled', { acknowledged: 'false', unanswered: new Set() }],
  ]);
  private asked: { readonly where: unknown; readonly answer: any }[] = [];
  private added = 0;
  private stopping = false;
  private loops: Promise<void>[] = [];
  done = 0;

  constructor(
    private readonly endpoint: () => Endpoint,
    private readonly random: Random,
  ) {}

  start(agents: readonly Agent[]): void {
    this.stopping = false;
    const hosts = agents.filter(({ report }) => report !== null);
    // each has hosts of its own, so that the last change of a host is certain
    const admins = Array.from({ length: ADMINS }, (_, n) => {
      const own = hosts.filter((_, i) => i % ADMINS === n);
      return this.repeat(() => this.change(own, n === 0));
    });
    this.loops = [...admins, this.repeat(() => this.question())];
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.loops);
  }

  private async repeat(work: () => Promise<void>): Promise<void> {
    for (; !this.stopping; await sleep(this.random.between(5, 30))) await work();
  }

  private async change(hosts: readonly Agent[], recalls: boolean): Promise<void> {
    const what = this.random.next();
    const host = hosts.length === 0 ? null : this.random.pick(hosts);
    if (recalls && what < 0.2)
      return this.mutate('recalled', String(what < 0.1), RECALL, { id: PATCH, recalled: what < 0.1 });
    if (what < 0.25 || host === null) {
      const name = `new-${this.added++}`;
      const id = running(name, []).host.instance;
      return this.mutate(`added ${id}`, 'true', ADD, { id, name });
    }
    if (what < 0.27) return this.mutate(`retired ${host.id}`, 'true', RETIRE, { id: host.id });
    const role = this.random.pick(['web', 'db', 'mail']);
    return this.mutate(`role ${host.id}`, role, LABEL, { id: host.id, role });
  }

  private async mutate(
    what: string,
    value: string,
    mutation: string,
    variables: Record<string, unknown>,
  ): Promise<void> {
    const known = this.values.get(what) ?? { acknowledged: null, unanswered: new Set() };
    this.values.set(what, known);
    if ((await ask(this.endpoint(), mutation, variables)) === null) known.unanswered.add(value);
    else {
      known.acknowledged = value;
      this.done += 1;
    }
  }

  private async question(): Promise<void> {
    const where = this.random.pick(WHERES);
    const answer = await ask(this.endpoint(), QUESTION, { where });
    if (answer !== null) this.asked = [...this.asked.slice(-7), { where, answer: answer.canDowngrade }];
  }

  /**
   * Returns the acknowledged changes that are not stored, and the questions whose repeated answer differs.
   */
  async wrong(databaseUrl: string): Promise<string[]> {
    const stored = await this.stored(databaseUrl);
    const found: string[] = [];
    for (const [what, known] of this.values) {
      const is = stored.get(what) ?? null;
      if (is !== known.acknowledged && !known.unanswered.has(is ?? ''))
        found.push(`${what}: is ${is}, and ${known.acknowledged} was acknowledged`);
      this.values.set(what, { acknowledged: is, unanswered: new Set() });
    }
    for (const { where, answer } of this.asked) {
      const again = (await ask(this.endpoint(), QUESTION, { where, snapshot: answer.snapshot.id }))
        ?.canDowngrade;
      const [was, is] = [JSON.stringify(answer), JSON.stringify(again)];
      if (was !== is) found.push(`different answers for one snapshot:\n  ${was}\n  ${is}`);
    }
    return found;
  }

  private async stored(url: string): Promise<Map<string, string>> {
    const hosts = await select<{ id: string; role: string | null; retired: boolean }>(
      url,
      `SELECT h.id, l.labels->>'role' AS role, h.retired_at IS NOT NULL AS retired
         FROM host h
         JOIN label_set l ON l.id = h.label_set_id`,
    );
    const recalled = await select<{ is: boolean }>(
      url,
      'SELECT recalled_at IS NOT NULL AS is FROM patch WHERE build_id = $1',
      [PATCH],
    );
    const all = new Map([['recalled', String(recalled[0]?.is)]]);
    for (const { id, role, retired } of hosts) {
      all.set(`added ${id}`, 'true');
      if (role !== null) all.set(`role ${id}`, role);
      if (retired) all.set(`retired ${id}`, 'true');
    }
    return all;
  }
}
