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

const toView = (name: string) => (page: Page) => page.click(`nav >> text=${name}`);

const INTERACTIONS: readonly (readonly [
  name: string,
  from: string,
  step: (page: Page) => Promise<unknown>,
])[] = [
  ...['Overview', 'Can we go back?', 'Hosts', 'Catalog', 'States'].map(
    (name) => [`to ${name}`, '/decisions', toView(name)] as const,
  ),
  ['to the next page of hosts', '/hosts', (page) => page.locator('tbody tr').last().scrollIntoViewIfNeeded()],
  ['to a host', '/hosts', (page) => page.locator('tbody a[href^="/hosts/"]').first().click()],
  ['to another route', '/back', (page) => page.locator('select').first().selectOption({ index: 1 })],
];

/** Keeps how long the page takes to paint after each click or key. */
const watchResponses = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { responses: seen });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.push(duration);
    }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
  });

/** In ms. An event that was answered in less than 16 ms is not reported, and counts as 16. */
const slowestResponse = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(16, ...(globalThis as never as { responses: number[] }).responses));

test(`figures with ${HOSTS} hosts`, async () => {
  const figures: string[] = [];
  const { page } = await openTab(browser, registry.url, registry.adminToken);
  for (const address of ['/', '/back', '/hosts', '/matrix', '/states', '/catalog']) {
    const times = [];
    for (let round = 0; round < ROUNDS; round++)
      times.push(await timed(page, () => page.goto(registry.url + address)));
    figures.push(`first view of ${address}: ${median(times).toFixed(0)} ms`);
  }
  for (const [name, from, step] of INTERACTIONS) {
    const times = [];
    const responses = [];
    for (let round = 0; round < ROUNDS; round++) {
      await page.goto(registry.url + from);
      await settled(page);
      await watchResponses(page);
      times.push(await timed(page, () => step(page)));
      responses.push(await slowestResponse(page));
    }
    figures.push(
      `${name}: first paint after ${median(responses)} ms, whole after ${median(times).toFixed(0)} ms`,
    );
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
