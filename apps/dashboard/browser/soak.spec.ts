import type { Browser, CDPSession } from 'playwright-core';
import { openBrowser, openTab } from './look.js';
import { type Registry, startRegistry } from './registry.js';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 10);
const HOSTS = 20_000;
/** Of the hosts, in a minute: a hundred changes a second. */
const CHANGES = (100 * 60) / HOSTS;

let registry: Registry;
let browser: Browser;

beforeAll(async () => {
  [registry, browser] = await Promise.all([
    startRegistry(HOSTS, ['--changes', String(CHANGES)]),
    openBrowser(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

/** What the page holds after all garbage is collected, in MiB. */
async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')!.value / 2 ** 20;
}

test.each(['/', '/back', '/hosts'])(
  `${MINUTES} minutes of live updates, a hundred changes a second, leave the memory of %s as it was`,
  async (address) => {
    const { page, open } = await openTab(browser, registry.url, registry.adminToken);
    await open(address);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    await page.waitForTimeout(30_000);
    const before = await heap(session);
    const seen = [before];
    for (let minute = 0; minute < MINUTES; minute++) {
      await page.waitForTimeout(60_000);
      seen.push(await heap(session));
    }
    console.log(`${address}: ${seen.map((size) => size.toFixed(1)).join(' ')} MiB`);
    expect(seen.at(-1)!).toBeLessThan(before * 1.25 + 1);
    await page.context().close();
  },
  (MINUTES + 2) * 60_000,
);
