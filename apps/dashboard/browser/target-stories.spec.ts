import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { axe, openBrowser, openTab, settled, shoot, type Tab } from './look.js';
import { type Registry, startRegistry } from './registry.js';

/** One that the demo fleet does not have. */
const FILE = 'lab_n_v31m_a.ko';
const FIXTURES = path.join(__dirname, '../../../libs/module/fixtures');
/** One that it has. */
const PUBLISHED = path.join(FIXTURES, 'compressed/lab_data.ko.xz');
const KLPREG = path.join(__dirname, '../../cli/bin/klpreg.js');

let registry: Registry;
let browser: Browser;
let tab: Tab;
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-target-'));

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(), openBrowser()]);
  const file = path.join(FIXTURES, 'modules-7.3.tar.gz');
  execFileSync('tar', ['-xzf', file, '-C', folder, '--strip-components=1', `7.3/${FILE}`]);
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  tab = await openTab(browser, registry.url, registry.adminToken);
});

afterEach(async () => {
  expect(tab.wrong).toEqual([]);
  await tab.page.context().close();
});

interface Counts {
  readonly safe: number;
  readonly unknown: number;
  readonly unsafe: number;
  readonly refused: number;
}

/** The numbers of hosts by verdict that the view shows first. */
async function countsOf(page: Page): Promise<number[]> {
  const legend = page.locator('main [aria-label="Hosts by verdict"]').first();
  return (await legend.locator('strong').allInnerTexts()).map(Number);
}

const numbers = ({ safe, unknown, unsafe, refused }: Counts): number[] => [safe, unknown, unsafe, refused];

/** Asks what the view offers to copy: the command, and the document with its variables. */
async function elsewhere(page: Page): Promise<{ command: number[]; document: Counts }> {
  const [command, query, variables] = await page.locator('main pre').allInnerTexts();
  const { stdout } = spawnSync('sh', ['-c', `${command!.replace(/^klpreg/, '"$NODE" "$KLPREG"')} -o json`], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH!,
      NODE: process.execPath,
      KLPREG,
      KLPREG_URL: registry.url,
      KLPREG_TOKEN: registry.adminToken,
    },
  });
  const answer = await registry.ask(query!, JSON.parse(variables!) as object);
  return {
    command: numbers((JSON.parse(stdout) as { counts: Counts }).counts),
    document: Object.values(answer as Record<string, { counts: Counts }>)[0]!.counts,
  };
}

/** Drops a file from the folder on the field for it. */
async function drop(page: Page, name: string, content: Buffer): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([file, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text!), (char) => char.charCodeAt(0))], file!));
      return data;
    },
    [name, content.toString('base64')],
  );
  await page.dispatchEvent('.drop', 'drop', { dataTransfer });
}

test('where every host is unknown, the overview and the question say why, and lead to a release', async () => {
  const { page, open } = tab;
  await open('/');
  await page.locator('.note:has-text("The previous livepatch is no target") a').click();
  await settled(page);
  await page.fill('input[placeholder^="all hosts"]', 'env=prod');
  await page.keyboard.press('Enter');
  const note = page.locator('.note:has-text("no earlier list of livepatches")');
  await page.locator('.sentence:has-text("25 of 25 hosts cannot be judged")').waitFor();
  expect(await note.locator('a').allInnerTexts()).toHaveLength(4);
  await shoot(page, 'unresolved');
  expect(await axe(page)).toEqual([]);

  await note.locator('a').first().click();
  await note.waitFor({ state: 'detached' });
  const { searchParams } = new URL(page.url());
  expect(searchParams.get('where')).toBe('env=prod');
  const { canDowngrade } = (await registry.ask(
    `query ($to: TargetInput!) {
      canDowngrade(to: $to, where: { labels: [{ key: "env", in: ["prod"] }] }) {
        counts { safe unknown unsafe refused }
      } }`,
    { to: { release: searchParams.get('to')!.replace('release:', '') } },
  )) as never as { canDowngrade: { counts: Counts } };
  expect(await countsOf(page)).toEqual(numbers(canDowngrade.counts));
  expect(canDowngrade.counts.refused).toBeGreaterThan(0);

  // the other way on: any route, with the target as it was
  await page.goBack();
  await note.locator('text="ask by any route"').click();
  await note.waitFor({ state: 'detached' });
  expect(new URL(page.url()).searchParams.get('route')).toBe('best');
});

test('by the tour of the README, a newcomer sees why web-1.ams cannot be downgraded', async () => {
  const { page, open } = tab;
  await open('/');
  await page.click('nav >> text=Can we go back?');
  await page.click('.chip:text-is("cumulative-2026.09")');
  // the largest is the first
  await page.locator('.block.REFUSED a').first().click();
  await page.locator('main a:text-is("web-1.ams")').waitFor();
  expect(await page.locator('tr:has-text("web-1.ams")').innerText()).toMatch(
    /has only version 1|does not have it/,
  );
});

test.each([
  ['/back', /^To lab_n_v31m_a.ko, which is not published$/, 'canDowngrade'],
  ['/rollout', /^If lab_n_v31m_a.ko, which is not published, were installed$/, 'canDeploy'],
])('%s takes a module that is not published, and has the answer of klpreg', async (address, title) => {
  const { page, open } = tab;
  await open(`${address}?where=env=prod`);
  await page.setInputFiles('input[type=file]', path.join(folder, FILE));
  await page.locator('h2', { hasText: title }).waitFor();
  await page.locator('.note:has-text("The patch is not published.")').waitFor();
  expect(await axe(page)).toEqual([]);
  const shown = await countsOf(page);
  const asked = await elsewhere(page);
  expect(shown).toEqual(numbers(asked.document));
  expect(shown).toEqual(asked.command);

  // the address names the file, and whom it is sent to must have the file
  const shared = page.url();
  const buildId = new URL(shared).searchParams.get('file')!;
  const other = await openTab(browser, registry.url, registry.adminToken);
  await other.page.goto(shared);
  await other.page.locator(`.drop .note:has-text("${buildId}")`).waitFor();
  await settled(other.page);
  expect(await other.page.locator('[aria-label="Hosts by verdict"]').count()).toBe(0);
  await shoot(other.page, `file-missing${address.replace('/', '-')}`);
  await drop(other.page, FILE, readFileSync(path.join(folder, FILE)));
  await other.page.locator('h2', { hasText: title }).waitFor();
  await other.page.locator('[aria-label="Hosts by verdict"]').first().waitFor();
  expect(await countsOf(other.page)).toEqual(shown);
  expect(other.page.url()).toBe(shared);
  expect(other.wrong).toEqual([]);
  await other.page.context().close();

  // another target ends it, and the way back in the history leads to the file again
  await page.locator('.chip:text-is("cumulative-2026.09")').click();
  await page.locator('h2:has-text("cumulative-2026.09")').waitFor();
  expect(new URL(page.url()).searchParams.has('file')).toBe(false);
  await page.goBack();
  await page.locator('h2', { hasText: title }).waitFor();
});

test.each(['/back', '/rollout'])('%s asks about the published build of a file', async (address) => {
  const { page, open } = tab;
  await open(address);
  await page.setInputFiles('input[type=file]', PUBLISHED);
  await page.click('text="Ask about the published build"');
  await page.locator('h2', { hasText: /build|6da85616/ }).waitFor();
  await settled(page);
  const target = new URL(page.url()).searchParams.get(address === '/back' ? 'to' : 'what')!;
  expect(target).toMatch(/^build-id:[0-9a-f]{40}$/);
  const asked = await elsewhere(page);
  expect(asked.command).toEqual(numbers(asked.document));
  // until its answer is there, the view has that of before
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('main [aria-label="Hosts by verdict"] strong')]
        .slice(0, wanted.length)
        .every((shown, index) => shown.textContent === String(wanted[index])),
    asked.command,
  );
});

test('a dropped manifest is asked about, and one that is wrong is refused with the field', async () => {
  const { page, open } = tab;
  await open('/rollout');
  await page.setInputFiles('input[type=file]', path.join(folder, FILE));
  await page.locator('.note:has-text("The patch is not published.")').waitFor();
  const shown = await countsOf(page);
  const { what } = JSON.parse((await page.locator('main pre').allInnerTexts())[2]!) as {
    what: { manifest: string };
  };
  await open('/rollout');
  await drop(page, 'next.json', Buffer.from('{"buildId": 1}'));
  await page.locator('[role=alert]:has-text("next.json is no manifest")').waitFor();
  await drop(page, 'next.json', Buffer.from(what.manifest));
  await page.locator('h2:has-text("If next.json, which is not published")').waitFor();
  await page.locator('[aria-label="Hosts by verdict"]').first().waitFor();
  expect(await countsOf(page)).toEqual(shown);

  const wrong = { ...(JSON.parse(what.manifest) as object), buildId: 'ab'.repeat(20), facts: {} };
  await page.click('text="Ask without the file"');
  await drop(page, 'wrong.json', Buffer.from(JSON.stringify(wrong)));
  await page.locator('[role=alert]:has-text("the manifest is wrong at /facts")').waitFor();
  // the registry refuses such a question with the status 400, which the browser logs
  tab.wrong.splice(0);
});

test('the fields for hosts and targets complete what is typed, and ask the registry when they are used', async () => {
  const { page, open } = tab;
  await open('/back');
  const optionsOf = (field: Locator) =>
    field.evaluate((input: HTMLInputElement) => [...input.list!.options].map(({ value }) => value));
  const hosts = page.locator('input[placeholder^="all hosts"]');
  expect(await optionsOf(hosts)).not.toContain('env=');
  await hosts.focus();
  await page.locator('datalist option[value="env="]').waitFor({ state: 'attached' });
  await hosts.fill('boot=same,role=');
  const roles = ['api', 'build', 'cache', 'db', 'proxy', 'web'].map((role) => `boot=same,role=${role}`);
  expect((await optionsOf(hosts)).toSorted()).toEqual(roles);
  await hosts.fill('kernel=6');
  expect(await optionsOf(hosts)).toEqual(['kernel=6.1.0-56-cloud-amd64']);
  // the list itself is the browser's, and one without a screen has none
  await hosts.fill('');
  await page.keyboard.type('role=d');
  expect(await optionsOf(hosts)).toEqual(['role=db']);
  await page.keyboard.type('b');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('where') === 'role=db');

  const target = page.locator('input[placeholder^="release, module name"]');
  await target.focus();
  await page.locator('datalist option[value="name:lab_data"]').waitFor({ state: 'attached' });
  expect(await optionsOf(target)).toContain('cumulative-2026.09');
  await target.fill('name:lab_r_1v1_a');
  await target.blur();
  await page.locator('h2:has-text("To module lab_r_1v1_a")').waitFor();
  expect(await axe(page)).toEqual([]);
});
