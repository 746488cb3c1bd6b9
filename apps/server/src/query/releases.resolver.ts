import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import { type ReleaseRow, ReleasesStore } from '../store/catalog/releases.store.js';
import { type Connection, connect, toPage } from './connection.js';
import type * as Sdl from './generated/schema.js';
import { patchView } from './patch-view.js';
import { type RequestContext, scopeOf } from './sender.js';

/** A release without its builds, which its resolver reads. */
export type ReleaseView = Omit<Sdl.Release, 'builds'>;

/** The maximum number of builds of one release in an answer. */
const MAX_BUILDS = 100;

const releaseView = ({ builds, ...row }: ReleaseRow): ReleaseView => ({
  ...row,
  owners: [...row.owners],
  buildCount: builds,
});

/** Answers `release` and `releases`. */
@Resolver('Release')
export class ReleasesResolver {
  constructor(
    private readonly store: ReleasesStore,
    private readonly catalog: CatalogStore,
  ) {}

  @Query('release')
  async release(
    @Args() { name }: Sdl.QueryReleaseArgs,
    @Context() context: RequestContext,
  ): Promise<ReleaseView | null> {
    return (await this.store.page({ name }, scopeOf(context))).map(releaseView)[0] ?? null;
  }

  @Query('releases')
  async releases(
    @Args() args: Sdl.QueryReleasesArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<ReleaseView>> {
    const page = toPage(args, ['name']);
    const place = { after: page.key?.[0] ?? null, backwards: page.backwards, limit: page.size + 1 };
    const [rows, total] = await Promise.all([this.store.page(place, scopeOf(context)), this.store.count()]);
    return connect(rows.map(releaseView), page, total, ({ name }) => [name]);
  }

  @ResolveField('builds')
  async builds(@Parent() { name }: ReleaseView): Promise<Sdl.Patch[]> {
    const builds = await (await this.catalog.now()).release(name);
    return builds.slice(0, MAX_BUILDS).map(patchView);
  }
}
