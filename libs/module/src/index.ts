export { ModuleError, type ModuleErrorCode } from './error.js';
export { MAX_MODULE } from './limits.js';
export { manifestOf } from './manifest.js';
export { openModule } from './open.js';
export { readModule } from './read.js';
export type {
  Builder,
  KlpState,
  ModuleCallbacks,
  ModuleFunction,
  ModuleObject,
  ModuleReading,
  StateImpact,
  Unreadable,
  UnreadableCode,
} from './reading.js';
export { unpackModule } from './unpack.js';
