import { Args, Query, Resolver } from '@nestjs/graphql';
import { RequestError } from '../errors.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import { PatchesStore } from '../store/catalog/patches.store.js';
import { connect, toPage } from './connection.js';
import type { Patch, PatchConnection, QueryPatchArgs, QueryPatchesArgs } from './generated/schema.js';
import { patchView } from './patch-view.js';

/** Answers `patch` and `patches`. */
@Resolver('Patch')
export class PatchesResolver {
  constructor(
    private readonly patches: PatchesStore,
    private readonly catalog: CatalogStore,
  ) {}

  @Query('patch')
  async patch(@Args() { name, buildId }: QueryPatchArgs): Promise<Patch | null> {
    if ((name == null) === (buildId == null))
      throw new RequestError('BAD_USER_INPUT', 'give `name` or `buildId`');
    const catalog = await this.catalog.now();
    const rows =
      buildId == null
        ? await catalog.named(name!.replaceAll('-', '_'))
        : await catalog.find([buildId.toLowerCase()]);
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
  async list(@Args() { where, ...args }: QueryPatchesArgs): Promise<PatchConnection> {
    const page = toPage(args, ['name', 'buildId']);
    const { names, releases, owners, kernelReleases, archs, stateId, impacts, recalled } = where ?? {};
    const loaded = names?.map((name) => name.replaceAll('-', '_'));
    const filter = { names: loaded, releases, owners, kernelReleases, archs, stateId, impacts, recalled };
    const rows = await this.patches.list(filter, {
      take: page.size + 1,
      after: page.key as [string, string] | null,
      backwards: page.backwards,
    });
    return connect(rows.map(patchView), page, await this.patches.count(filter), (view) => [
      view.name,
      view.buildId,
    ]);
  }
}
