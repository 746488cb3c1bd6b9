import type { Browser, Page } from 'playwright-core';
import { axe, openBrowser, openTab, settled } from './look.js';
import { type Registry, startRegistry } from './registry.js';

let registry: Registry;
let browser: Browser;

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(), openBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

const visibleText = (page: Page) => page.innerText('body');

test('a newcomer sees from the overview in three clicks why web-1.ams cannot be downgraded', async () => {
  const { page, open } = await openTab(browser, registry.url, registry.adminToken);
  await open('/');
  await page.click('nav >> text=Hosts');
  await settled(page);
  await page.click('a:text-is("web-1.ams")');
  await settled(page);
  const text = await visibleText(page);
  expect(text).toContain('web-1.ams');
  expect(text).toMatch(/Refused|Unsafe/);
  // the reason has its code and the states
  expect(text).toMatch(/STATE_[A-Z_]+/);
  // a host asks for its best route, and leads to the answer by the usual one
  expect(text).toContain('By the best of all routes.');
  await page.click('a:text-is("By the usual one") >> nth=0');
  await settled(page);
  expect(new URL(page.url()).searchParams.get('where')).toBe('hostname=web-1.ams');
  expect(await visibleText(page)).toMatch(/0 of 1|1 host\b/);
  await page.context().close();
});

test('without a token the page asks for one, and a wrong one is said to be wrong', async () => {
  const { page } = await openTab(browser, registry.url, null);
  await page.goto(registry.url);
  await page.waitForSelector('input[type=password]');
  expect(await visibleText(page)).not.toContain('web-1.ams');
  expect(await axe(page)).toEqual([]);
  await page.fill('input[type=password]', 'klpreg_admin_wrong');
  await page.click('button:text-is("Sign in")');
  await page.waitForSelector('[role=alert]');
  await page.fill('input[type=password]', registry.adminToken);
  await page.click('button:text-is("Sign in")');
  await page.waitForSelector('nav >> text=Admin');
  await page.context().close();
});

test('the page works by keyboard: the first Tab skips to the content, and links open by Enter', async () => {
  const { page, open } = await openTab(browser, registry.url, registry.adminToken);
  await open('/hosts');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  await page.focus('a:text-is("web-1.ams")');
  await page.keyboard.press('Enter');
  await settled(page);
  expect(page.url()).toContain('/hosts/');
  await page.context().close();
});

test('a shared address shows the same view', async () => {
  const { page, open } = await openTab(browser, registry.url, registry.adminToken);
  await open('/hosts');
  await page.fill('input[placeholder^="all hosts"]', 'agent.role=db');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.body.innerText.includes('3 hosts match'));
  const other = await openTab(browser, registry.url, registry.adminToken);
  await other.page.goto(page.url());
  await settled(other.page);
  expect(await visibleText(other.page)).toContain('3 hosts match');
  await page.context().close();
  await other.page.context().close();
});

test('a change shows without a reload', async () => {
  const { page, open } = await openTab(browser, registry.url, registry.adminToken);
  await open('/hosts?where=note=seen');
  await registry.ask(
    'mutation { addHost(input: { hostname: "new-1.ams", labels: [{ key: "note", value: "seen" }] }) { id } }',
  );
  await page.waitForSelector('a:text-is("new-1.ams")');
  await page.context().close();
});
