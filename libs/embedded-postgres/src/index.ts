export { EmbeddedPostgres } from './embedded-postgres.js';
export { EmbeddedPostgresError } from './error.js';
export { EmbeddedKeeper } from './keeper.js';
// for tests that start further servers, such as a replica
export { findBinaries } from './binaries.js';
export { freePort, launch } from './postmaster.js';
export { adoptFiles, chooseRunner } from './runner.js';
