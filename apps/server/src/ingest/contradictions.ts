import { contradictionsOf, type Situation } from '@klpreg/compat';

/** Nothing about the past is derived from a report that is not complete, or that cannot be true. */
export const isReliable = (
  situation: Pick<Situation, 'tainted' | 'capabilities' | 'otherLivePatching' | 'list' | 'unread'>,
): boolean => situation.unread.length === 0 && contradictionsOf(situation).length === 0;
