export { hostFilter, isFact } from './filter.js';
export { FACT_KEYS, FACT_WORDS } from './facts.js';
export { formatWhere } from './format.js';
export type { HostFilter } from './generated/host-filter.js';
export { instantFrom, secondsIn } from './instant.js';
export { parseWhere, type Term } from './parse.js';
export { WhereError } from './where-error.js';
