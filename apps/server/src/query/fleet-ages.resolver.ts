import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { AgesStore } from '../store/hosts/ages.store.js';
import type { FleetAnswer } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import { Parts } from './parts.js';

/** A summary of the fleet, and the answer that its ages are read for. */
export type FleetParent = Omit<Sdl.FleetSummary, 'ages'> & { readonly answer: FleetAnswer };

/** Answers `ages` of a summary of the fleet, if the question selects it. It reads each host. */
@Resolver('FleetSummary')
export class FleetAgesResolver {
  constructor(
    private readonly parts: Parts,
    private readonly store: AgesStore,
  ) {}

  @ResolveField('ages')
  async ages(
    @Parent() { answer }: FleetParent,
    @Args() { label }: Sdl.FleetSummaryAgesArgs,
  ): Promise<Sdl.FleetAge[]> {
    const { condition, authoritative, asOf } = answer;
    const only = answer.narrowed ? this.parts.restrictions(answer, answer.situations) : null;
    return this.store.byLabel(condition, { label: label ?? null, authoritative }, asOf, only);
  }
}
