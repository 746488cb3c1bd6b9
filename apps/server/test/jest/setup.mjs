import { begin, isWanted } from './server.mjs';

export default async function setup(globalConfig) {
  if (!isWanted(globalConfig)) return;
  globalThis.testServer = await begin();
  process.env.TEST_PG_URL = globalThis.testServer.url;
}
