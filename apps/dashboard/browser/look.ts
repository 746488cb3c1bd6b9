import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Debian's Chromium; a browser from elsewhere is named by KLPREG_CHROMIUM. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.KLPREG_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });

/** A tab, and what must not happen in it. */
export interface Tab {
  readonly page: Page;
  /** Errors of the page and its policy, and requests to other hosts. */
  readonly wrong: string[];
  /** Opens an address, and waits until every question of the view has its answer. */
  readonly open: (address: string) => Promise<void>;
}

/** Waits until nothing on the page says that it is loading. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1');
  await page.waitForFunction(() => !document.body.innerText.includes('Loading…'));
}

/** Opens a tab that is signed in. */
export async function openTab(
  browser: Browser,
  url: string,
  token: string | null,
  options: BrowserContextOptions = {},
  /** The origin of an issuer to which the person goes: what its pages do is not the dashboard's. */
  issuer?: string,
): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  if (token !== null)
    await context.addInitScript((text) => sessionStorage.setItem('klpreg.token', text), token);
  // how long a view takes is no test: the time limit is that of the test
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const wrong: string[] = [];
  const isAtIssuer = () => issuer !== undefined && page.url().startsWith(issuer);
  page.on('console', (message) => {
    if (message.type() === 'error' && !isAtIssuer()) wrong.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== url && origin !== issuer && !isAtIssuer() && protocol.startsWith('http'))
      wrong.push(`request to ${request.url()}`);
  });
  return {
    page,
    wrong,
    open: async (address) => {
      await page.goto(url + address);
      await settled(page);
    },
  };
}

/** What axe finds, a line for each. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const found = await (globalThis as never as { axe: { run(): Promise<AxeResults> } }).axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  });
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** Elements that stand out of the page to the right, where a reader does not see them. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Keeps a picture of the view for people, if SHOTS names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.SHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
