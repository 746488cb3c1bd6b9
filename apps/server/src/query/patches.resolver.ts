import { Args, Query, Resolver } from '@nestjs/graphql';
import { RequestError } from '../errors.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import { type PatchFilter, PatchesStore } from '../store/catalog/patches.store.js';
import { connect, type PageArguments, toPage } from './connection.js';
import { patchView, type PatchView } from './views.js';

/** Answers `patch` and `patches`. */
@Resolver('Patch')
export class PatchesResolver {
  constructor(
    private readonly patches: PatchesStore,
    private readonly catalog: CatalogStore,
  ) {}

  @Query('patch')
  async patch(@Args('name') name: string | null | undefined, @Args('buildId') buildId: string | null | undefined): Promise<PatchView | null> {
    if ((name == null) === (buildId == null)) throw new RequestError('BAD_USER_INPUT', 'give `name` or `buildId`');
    const catalog = await this.catalog.now();
    const rows = buildId == null ? await catalog.named(name!.replaceAll('-', '_')) : await catalog.find([buildId.toLowerCase()]);
    if (rows.length > 1)
      throw new RequestError(
        'AMBIGUOUS',
        `${rows.length} builds are called ${JSON.stringify(name)}; ask by build-id: ${rows
          .map((row) => `${row.buildId} (${row.kernelRelease})`)
          .slice(0, 20)
          .join(', ')}`,
      );
    return rows[0] === undefined ? null : patchView(rows[0]);
  }

  @Query('patches')
  async list(@Args('filter') filter: PatchFilter | null | undefined, @Args() args: PageArguments) {
    const page = toPage(args, ['name', 'buildId']);
    const names = filter?.names?.map((name) => name.replaceAll('-', '_'));
    const where = { ...filter, names };
    const rows = await this.patches.list(where, { take: page.size + 1, after: page.key as [string, string] | null, backwards: page.backwards });
    return connect(rows.map(patchView), page, await this.patches.count(where), (view) => [view.name, view.buildId]);
  }
}
