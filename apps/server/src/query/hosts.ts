import { Inject, Injectable } from '@nestjs/common';
import { DEFAULT_QUESTION } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { CatalogStore } from '../store/catalog.store.js';
import { Prisma } from '../store/database.js';
import { type HostRow, HostsStore } from '../store/hosts.store.js';
import { SituationsStore } from '../store/situations.store.js';
import { agesAt, buildIdsOf } from './judging.js';
import type { Page } from './connection.js';
import { hostView, type HostView, patchView } from './views.js';

const FORWARDS = Prisma.sql`h.hostname ASC, h.id ASC`;
const BACKWARDS = Prisma.sql`h.hostname DESC, h.id DESC`;

/** Finds hosts and puts together what is asked of them, in a constant number of statements. */
@Injectable()
export class Hosts {
  constructor(
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly catalog: CatalogStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async count(where: Prisma.Sql): Promise<number> {
    return this.hosts.count(where);
  }

  /** One more row than the page has, where there is more; in the order of reading. */
  async page(where: Prisma.Sql, page: Page): Promise<HostRow[]> {
    const [hostname, id] = page.key ?? [];
    const beyond = page.backwards ? Prisma.sql`<` : Prisma.sql`>`;
    const keyset = page.key === null ? Prisma.sql`true` : Prisma.sql`(h.hostname, h.id) ${beyond} (${hostname}, ${id}::uuid)`;
    return this.hosts.list(Prisma.sql`${where} AND ${keyset}`, page.backwards ? BACKWARDS : FORWARDS, page.size + 1);
  }

  async find(where: Prisma.Sql, limit: number): Promise<HostRow[]> {
    return this.hosts.list(where, FORWARDS, limit);
  }

  async view(rows: readonly HostRow[]): Promise<HostView[]> {
    const now = this.clock.now();
    const ages = agesAt(now, this.config.intervalSeconds, DEFAULT_QUESTION.maxAgeSeconds);
    const situations = await this.situations.load([...new Set(rows.flatMap((row) => row.situationId ?? []))]);
    const buildIds = new Set([...situations.values()].flatMap(buildIdsOf));
    const patches = buildIds.size === 0 ? [] : await this.catalog.rows({ buildId: { in: [...buildIds] } });
    const catalog = await this.catalog.catalog([], patches);
    const views = new Map(patches.map((row) => [row.buildId, patchView(row)]));
    return rows.map((row) => hostView(row, row.situationId === null ? undefined : situations.get(row.situationId), catalog, views, ages, now));
  }
}
