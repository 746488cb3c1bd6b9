import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { type StateRow, StatesStore } from '../store/catalog/states.store.js';
import { connect, toPage } from './connection.js';
import type * as Sdl from './generated/schema.js';
import { toId } from './ids.js';
import { type RequestContext, scopeOf } from './sender.js';

export type StateView = Sdl.State & { readonly __typename: 'State'; readonly stateId: string };

/** Groups the versions by state id. */
export function toStates(rows: readonly StateRow[]): StateView[] {
  const states = new Map<string, StateRow[]>();
  for (const row of rows) states.set(row.id.toFixed(0), [...(states.get(row.id.toFixed(0)) ?? []), row]);
  return [...states].map(([stateId, versions]) => ({
    __typename: 'State',
    id: toId('State', stateId),
    stateId,
    versions: versions.map(({ version, patches, owners, hosts }) => ({
      version: Number(version),
      patches: Number(patches),
      owners,
      hosts: Number(hosts),
    })),
  }));
}

/** Answers `states`. */
@Resolver('State')
export class StatesResolver {
  constructor(private readonly store: StatesStore) {}

  @Query('states')
  async states(
    @Args() args: Sdl.QueryStatesArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.StateConnection> {
    const page = toPage(args, ['number']);
    const after = page.key?.[0] ?? null;
    const states = toStates(
      await this.store.page(
        after === null ? null : BigInt(after),
        page.size + 1,
        page.backwards,
        scopeOf(context),
      ),
    );
    return connect(page.backwards ? states.toReversed() : states, page, await this.store.count(), (state) => [
      state.stateId,
    ]);
  }
}
