export { type Asked, ask, newer, older } from './ask.js';
export { capabilities, catalog, unlisted, leftover, listed, running, sightings } from './host.js';
export {
  authorState,
  cumulative,
  manifest,
  NO_CALLBACKS,
  plain,
  promising,
  states,
  type States,
  UNPATCH_CALLBACKS,
  statement,
} from './patches.js';
