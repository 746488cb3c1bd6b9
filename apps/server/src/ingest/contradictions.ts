import type { Situation } from '@klpreg/compat';

type Seen = Pick<Situation, 'tainted' | 'capabilities' | 'otherLivePatching' | 'list' | 'unread'>;

/** Says why a report cannot be true of a kernel: a sentence for each contradiction. */
function contradictionsOf({ tainted, capabilities, otherLivePatching, list }: Seen): string[] {
  const found: string[] = [];
  if (tainted === true && !capabilities.livepatch && otherLivePatching.length === 0) found.push('taint K is set, and the kernel has no livepatch support');
  if (tainted === false && list.length > 0) found.push(`${list[0]!.name} is listed, and taint K is not set`);
  for (const patch of list.slice(1))
    if (patch.replace === true && patch.enabled && !patch.transition) found.push(`${patch.name} replaces all others, has settled, and is not alone`);
  return found;
}

/** Nothing about the past is derived from a report that is not complete, or that cannot be true. */
export const isReliable = (situation: Seen): boolean => situation.unread.length === 0 && contradictionsOf(situation).length === 0;
