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

const VIEWS = ['/', '/back', '/hosts', '/back?to=original'];

test(
  `${MINUTES} minutes of live updates, a hundred changes a second, leave the memory of each view as it was`,
  async () => {
    const tabs = await Promise.all(
      VIEWS.map(async (address) => {
        const { page, open } = await openTab(browser, registry.url, registry.adminToken);
        await open(address);
        const session = await page.context().newCDPSession(page);
        await session.send('Performance.enable');
        return { address, page, session, seen: [] as number[] };
      }),
    );
    const measure = async () => {
      for (const { session, seen } of tabs) seen.push(await heap(session));
    };
    await tabs[0]!.page.waitForTimeout(30_000);
    await measure();
    for (let minute = 0; minute < MINUTES; minute++) {
      await tabs[0]!.page.waitForTimeout(60_000);
      await measure();
    }
    console.log(
      tabs
        .map(({ address, seen }) => `${address}: ${seen.map((size) => size.toFixed(1)).join(' ')} MiB`)
        .join('\n'),
    );
    for (const { seen } of tabs) expect(seen.at(-1)!).toBeLessThan(seen[0]! * 1.25 + 1);
  },
  (MINUTES + 2) * 60_000,
);
