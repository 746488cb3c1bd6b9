import { allOrNothing } from './klp-5.5.js';
import type { Rules } from './rules.js';

/** Linux 5.1 to 5.4: atomic replace without any state check. */
export const none: Rules = {
  name: 'none',
  findStateRefusals: () => [],
  findDisableRefusals: () => [],
  replacedBy: allOrNothing,
};
