import type { Browser, Page } from 'playwright-core';
import { openBrowser, openTab, settled, shoot } from './look.js';
import { type Registry, startRegistry } from './registry.js';

// Figures, not tests: what they are depends on the machine. What is tested is that all patches are drawn.
const PATCHES = Number(process.env.PATCHES ?? 300);
const ROUNDS = 9;

let registry: Registry;
let browser: Browser;
let kernel: string;

const NO_CALLBACKS = { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false };

/** A patch with three states of ten, at versions that grow. */
const manifestOf = (index: number) => ({
  schema: 'manifest/v1',
  buildId: (0x1000 + index).toString(16).padStart(40, 'a'),
  release: `matrix-${index}`,
  owner: `team-${index % 7}`,
  facts: {
    name: `lp_matrix_${index}`,
    kernelRelease: kernel,
    arch: 'x86_64',
    vermagic: `${kernel} SMP preempt mod_unload modversions `,
    replace: index % 5 > 0,
    states: [0, 3, 7].map((step) => ({
      id: String(((index + step) % 10) + 1),
      version: Math.floor(index / 30) + 1,
    })),
    impact: 'DECLARED',
    signed: false,
    objects: [{ name: 'vmlinux', spelled: null, functions: [] }],
    callbacks: NO_CALLBACKS,
  },
});

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(100, ['--calm']), openBrowser()]);
  const { fleet } = (await registry.ask('{ fleet { kernels { value } } }')) as never as {
    fleet: { kernels: { value: string }[] };
  };
  kernel = fleet.kernels[0]!.value;
  for (let index = 0; index < PATCHES; index++) {
    const manifest = manifestOf(index);
    const { status } = await fetch(`${registry.url}/v1/patches/${manifest.buildId}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${registry.adminToken}` },
      body: JSON.stringify(manifest),
    });
    expect(status).toBe(200);
  }
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/**
 * Has the matrix drawn again, by another theme, and returns how long that takes in ms. One pixel is read at
 * the end, so that what was drawn is there.
 */
const draw = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { dataset } = document.documentElement;
    const context = document.querySelector('canvas')!.getContext('2d')!;
    dataset.theme = dataset.theme === 'dark' ? 'light' : 'dark';
    // the page asks for its frame in a microtask: between these two
    const start = new Promise<number>((resolve) => {
      requestAnimationFrame(() => resolve(performance.now()));
    });
    await Promise.resolve();
    const done = new Promise<number>((resolve) => {
      requestAnimationFrame(() => {
        context.getImageData(0, 0, 1, 1);
        resolve(performance.now());
      });
    });
    return (await done) - (await start);
  });

/** The longest time for which the page was busy since it was opened, in ms; less than 50 counts as 50. */
const longestTask = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          resolve(Math.max(50, ...list.getEntries().map(({ duration }) => duration)));
        }).observe({ type: 'longtask', buffered: true });
        setTimeout(resolve, 1000, 50);
      }),
  );

test(`figures of the matrix with ${PATCHES} patches`, async () => {
  const figures: string[] = [];
  const { page, open, wrong } = await openTab(browser, registry.url, registry.adminToken);
  const own = `/matrix?kernel=${encodeURIComponent(kernel)}`;
  for (const zoom of ['fit', 'large']) {
    await open(`${own}&zoom=${zoom}`);
    await page.locator('canvas').waitFor();
    const cells = Number(await page.getAttribute('[role=grid]', 'aria-rowcount'));
    expect(cells).toBeGreaterThanOrEqual(PATCHES);
    const longest = await longestTask(page);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await draw(page));
    await shoot(page, `matrix-${PATCHES}-${zoom}`);
    figures.push(
      `${cells} × ${cells}, ${zoom}: drawn in ${median(times).toFixed(1)} ms ` +
        `(${times.map((time) => time.toFixed(1)).join(' ')}), longest task of the view ${longest.toFixed(0)} ms`,
    );
  }
  await open(own);
  const search = page.locator('input[type=search]');
  const from = performance.now();
  await search.fill('lp_matrix_29');
  await page.locator('text=/^11 of /').waitFor();
  await settled(page);
  figures.push(`searched in ${(performance.now() - from).toFixed(0)} ms`);
  console.log(figures.join('\n'));
  expect(wrong).toEqual([]);
  await page.context().close();
});
