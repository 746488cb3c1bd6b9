import type { Browser, Page } from 'playwright-core';
import { openBrowser, openTab, settled } from './look.js';
import { type Registry, startRegistry } from './registry.js';

// Figures, not tests: what they are depends on the machine. What is tested is that each step ends.
const HOSTS = Number(process.env.HOSTS ?? 100_000);
const ROUNDS = 5;

let registry: Registry;
let browser: Browser;

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(HOSTS, ['--calm']), openBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timed(page: Page, step: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await step();
  await settled(page);
  return performance.now() - from;
}

test(`figures with ${HOSTS} hosts`, async () => {
  const figures: string[] = [];
  const { page } = await openTab(browser, registry.url, registry.adminToken);
  for (const address of ['/', '/back', '/hosts', '/matrix', '/states', '/catalog']) {
    const times = [];
    for (let round = 0; round < ROUNDS; round++)
      times.push(await timed(page, () => page.goto(registry.url + address)));
    figures.push(`first view of ${address}: ${median(times).toFixed(0)} ms`);
  }
  await page.goto(`${registry.url}/hosts`);
  await settled(page);
  for (const name of ['Overview', 'Can we go back?', 'Hosts', 'Catalog', 'States']) {
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      await page.goto(`${registry.url}/decisions`);
      await settled(page);
      times.push(await timed(page, () => page.click(`nav >> text=${name}`)));
    }
    figures.push(`from another view to ${name}: ${median(times).toFixed(0)} ms`);
  }
  const bytes = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => name.includes('/assets/'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  );
  figures.push(`compressed code and styles of a view: ${(bytes / 1000).toFixed(1)} kB`);
  console.log(figures.join('\n'));
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(100_000);
});
