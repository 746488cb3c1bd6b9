import { setTimeout as sleep } from 'node:timers/promises';
import { listed, running } from '../registry.js';
import type { Agent } from './agent.js';
import { ask, type Door } from './door.js';
import type { Random } from './random.js';
import { select } from './truths.js';

const LABEL =
  'mutation ($id: ID!, $role: String!) { labelHost(id: $id, labels: [{ key: "role", value: $role }]) { id } }';
const RETIRE = 'mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }';
const ADD = 'mutation ($id: ID, $name: String!) { addHost(input: { id: $id, hostname: $name }) { id } }';
export const RECALL =
  'mutation ($id: String!, $recalled: Boolean!) { recallPatch(buildId: $id, recalled: $recalled) { buildId } }';
export const PATCH = listed('lab_r_1v1_a').buildId!;

/** No examples: they are of the instant of the question or a moment later. */
export const QUESTION = `query ($snapshot: ID, $where: HostFilter) { canDowngrade(to: { name: "lab_r_1v1_a" }, snapshot: $snapshot, where: $where) {
  kind matched counts { safe unknown unsafe refused total harmful } reasons { nodes { hosts reason { code stateId } } }
  cohorts(first: 50) { totalCount nodes { hosts freshness labels { key value } stack { name } verdict { kind route } } }
  hosts(first: 100) { totalCount nodes { host { hostname bootId stack { name } } verdict { kind } } }
  snapshot { id now catalogRevision } } }`;
const WHERES = [undefined, { labels: [{ key: 'role', in: ['web'] }] }];
const ADMINS = 4;

/** What somebody did: what was acknowledged last, and all that may be so instead because it was not answered. */
interface Deed {
  sure: string | null;
  readonly maybe: Set<string>;
}

/** People who label, add, retire and recall; and who ask, and ask again. */
export class People {
  private readonly deeds = new Map<string, Deed>([['recalled', { sure: 'false', maybe: new Set() }]]);
  private asked: { readonly where: unknown; readonly answer: any }[] = [];
  private added = 0;
  private stopping = false;
  private loops: Promise<void>[] = [];
  done = 0;

  constructor(
    private readonly door: () => Door,
    private readonly random: Random,
  ) {}

  start(agents: readonly Agent[]): void {
    this.stopping = false;
    const hosts = agents.filter(({ report }) => report !== null);
    // each has hosts of their own, so that it is known whose word on a host is the last
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
      return this.deed('recalled', String(what < 0.1), RECALL, { id: PATCH, recalled: what < 0.1 });
    if (what < 0.25 || host === null) {
      const name = `new-${this.added++}`;
      const id = running(name, []).host.instance;
      return this.deed(`added ${id}`, 'true', ADD, { id, name });
    }
    if (what < 0.27) return this.deed(`retired ${host.id}`, 'true', RETIRE, { id: host.id });
    const role = this.random.pick(['web', 'db', 'mail']);
    return this.deed(`role ${host.id}`, role, LABEL, { id: host.id, role });
  }

  private async deed(
    what: string,
    value: string,
    mutation: string,
    variables: Record<string, unknown>,
  ): Promise<void> {
    const deed = this.deeds.get(what) ?? { sure: null, maybe: new Set() };
    this.deeds.set(what, deed);
    if ((await ask(this.door(), mutation, variables)) === null) deed.maybe.add(value);
    else {
      deed.sure = value;
      this.done += 1;
    }
  }

  private async question(): Promise<void> {
    const where = this.random.pick(WHERES);
    const answer = await ask(this.door(), QUESTION, { where });
    if (answer !== null) this.asked = [...this.asked.slice(-7), { where, answer: answer.canDowngrade }];
  }

  /** Whose deeds are not there, and which questions are answered otherwise when they are asked again. */
  async wrong(databaseUrl: string): Promise<string[]> {
    const stored = await this.stored(databaseUrl);
    const found: string[] = [];
    for (const [what, deed] of this.deeds) {
      const is = stored.get(what) ?? null;
      if (is !== deed.sure && !deed.maybe.has(is ?? ''))
        found.push(`${what}: is ${is}, and ${deed.sure} was acknowledged`);
      this.deeds.set(what, { sure: is, maybe: new Set() });
    }
    for (const { where, answer } of this.asked) {
      const again = (await ask(this.door(), QUESTION, { where, snapshot: answer.snapshot.id }))?.canDowngrade;
      const [was, is] = [JSON.stringify(answer), JSON.stringify(again)];
      if (was !== is) found.push(`the same snapshot is answered otherwise:\n  ${was}\n  ${is}`);
    }
    return found;
  }

  private async stored(url: string): Promise<Map<string, string>> {
    const hosts = await select<{ id: string; role: string | null; retired: boolean }>(
      url,
      `SELECT h.id, l.labels->>'role' AS role, h.retired_at IS NOT NULL AS retired FROM host h JOIN label_set l ON l.id = h.label_set_id`,
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
