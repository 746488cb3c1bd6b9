import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { axe, openBrowser, openTab, settled, type Tab } from './look.js';
import { type Registry, startRegistry } from './registry.js';

/** One that the demo fleet does not have. */
const MODULE = 'lab_n_v31m_a';

let registry: Registry;
let browser: Browser;
let reader: string;
let tab: Tab;
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-changes-'));

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(), openBrowser()]);
  const file = path.join(__dirname, '../../../libs/module/fixtures/modules-7.3.tar.gz');
  execFileSync('tar', ['-xzf', file, '-C', folder, '--strip-components=1', `7.3/${MODULE}.ko`]);
  const { createToken } = (await registry.ask(
    'mutation { createToken(input: { name: "reads", role: READER }) { text } }',
  )) as never as { createToken: { text: string } };
  reader = createToken.text;
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

/** Opens the window of a button, and returns it. */
async function openWindow(page: Page, button: string) {
  await page.click(`main button:text-is("${button}")`);
  return page.locator('dialog[open]');
}

/** A reader who opens the address finds no such button. */
async function readerLacks(address: string, button: string): Promise<void> {
  const { page, open, wrong } = await openTab(browser, registry.url, reader);
  await open(address);
  expect(await page.locator(`main :text-is("${button}")`).count()).toBe(0);
  expect(await page.isVisible('nav >> text=Admin')).toBe(false);
  expect(wrong).toEqual([]);
  await page.context().close();
}

test('a module is published with its author statement, checked, recalled, and is a target again', async () => {
  const { page, open } = tab;
  await open('/catalog');
  await page.click('text="Publish a module"');
  const form = page.locator('dialog[open]');
  await form
    .locator('input[type=file]')
    .first()
    .setInputFiles(path.join(folder, `${MODULE}.ko`));
  await form.locator(`dd:text-is("${MODULE}")`).waitFor();
  await form.getByLabel('Release', { exact: true }).fill('story-2026.12');
  await form.getByLabel('Owner', { exact: true }).fill('kernel-team');
  await form.getByLabel('Author statement (FILE.klp.yaml)').setInputFiles({
    name: `${MODULE}.klp.yaml`,
    mimeType: 'application/yaml',
    buffer: Buffer.from('schema: klp/v1\ncves: [CVE-2026-30001]\n'),
  });
  await page.waitForFunction(() => document.querySelector('textarea')?.value.includes('CVE-2026-30001'));
  expect(await axe(page)).toEqual([]);
  await form.locator('button[type=submit]').click();
  await form.locator('strong:text-is("Published.")').waitFor();
  await form.locator('text="Show the build"').click();
  await page.waitForSelector(`h1:text-is("${MODULE}")`);
  await settled(page);
  const buildId = new URL(page.url()).pathname.split('/').at(-1)!;
  const asked = () =>
    registry.ask(
      'query ($id: String!) { patch(buildId: $id) { release author { cves } recalledAt recallReason } }',
      { id: buildId },
    );
  expect(await asked()).toMatchObject({
    patch: { release: 'story-2026.12', author: { cves: ['CVE-2026-30001'] }, recalledAt: null },
  });

  await page.click('button:text-is("Check the build")');
  await page.locator('.patch-list code').first().waitFor();

  const recall = await openWindow(page, 'Recall');
  await recall.locator('input').fill('it crashes <b>db</b> hosts');
  await recall.locator('button[type=submit]').click();
  await page.locator('p.note.warning:has-text("it crashes <b>db</b> hosts")').waitFor();
  expect(await asked()).toMatchObject({
    patch: { recalledAt: expect.any(String), recallReason: 'it crashes <b>db</b> hosts' },
  });
  await readerLacks(`/catalog/${buildId}`, 'Cancel the recall');
  await readerLacks('/catalog', 'Publish a module');

  const cancel = await openWindow(page, 'Cancel the recall');
  await cancel.locator('input').fill('it was the host');
  await cancel.locator('button[type=submit]').click();
  await page.locator('main button:text-is("Recall")').waitFor();
  expect(await asked()).toMatchObject({ patch: { recalledAt: null } });
});

test('a token is created, shown once, works, and is revoked', async () => {
  const { page, open } = tab;
  await open('/admin?tab=tokens');
  const form = await openWindow(page, 'Create a token');
  await form.getByLabel('Name').fill('story');
  await form.locator('select').selectOption('GATE');
  await form.locator('button[type=submit]').click();
  const text = await page.locator('dialog[open] pre').innerText();
  expect(await axe(page)).toEqual([]);
  const viewer = async () => {
    const answer = await fetch(`${registry.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${text}` },
      body: JSON.stringify({ query: '{ viewer { role } }' }),
    });
    return ((await answer.json()) as { data?: { viewer: { role: string } } }).data?.viewer.role;
  };
  expect(await viewer()).toBe('GATE');
  await page.click('dialog[open] button:text-is("Close")');
  expect(await page.content()).not.toContain(text);

  const row = page.locator('tr:has-text("story")');
  await row.locator('button:text-is("Revoke")').click();
  await page.locator('dialog[open] input').fill('the story ends');
  await page.click('dialog[open] button[type=submit]');
  await row.locator('text="revoked"').waitFor();
  const { tokens } = (await registry.ask('{ tokens(first: 100) { nodes { name revokedAt } } }')) as never as {
    tokens: { nodes: { name: string; revokedAt: string | null }[] };
  };
  expect(tokens.nodes).toContainEqual({ name: 'story', revokedAt: expect.any(String) });
});

test('an enrolment token is created, shown once, and revoked', async () => {
  const { page, open } = tab;
  await open('/admin?tab=enrolment-tokens');
  const form = await openWindow(page, 'Create an enrolment token');
  await form.getByLabel('Name').fill('rack-7');
  await form.getByLabel(/^Labels/).fill('env=prod');
  await form.locator('input[type=checkbox]').check();
  await form.locator('button[type=submit]').click();
  expect(await page.locator('dialog[open] pre').innerText()).toMatch(/^klpreg_/);
  await page.click('dialog[open] button:text-is("Close")');
  const row = page.locator('tr:has-text("rack-7")');
  await row.locator('button:text-is("Revoke")').click();
  await page.click('dialog[open] button[type=submit]');
  await row.locator('text="revoked"').waitFor();
  expect(
    await registry.ask('{ enrolmentTokens { name needsApproval labels { key value } revokedAt } }'),
  ).toMatchObject({
    enrolmentTokens: [
      {
        name: 'rack-7',
        needsApproval: true,
        labels: [{ key: 'env', value: 'prod' }],
        revokedAt: expect.any(String),
      },
    ],
  });
});

test('a waiver is refused with a wrong code, added, and revoked', async () => {
  const { page, open } = tab;
  await readerLacks('/decisions?tab=waivers', 'Add a waiver');
  await open('/decisions?tab=waivers');
  const form = await openWindow(page, 'Add a waiver');
  await form.getByLabel(/^Codes/).fill('NO_SUCH_CODE');
  await form.getByLabel(/^Hosts/).fill('env=staging');
  await form.getByLabel(/^Owner/).fill('kernel-team');
  await form.getByLabel('Why').fill('the lab reboots each night');
  await form.locator('button[type=submit]').click();
  await form.locator('[role=alert]:has-text("NO_SUCH_CODE")').waitFor();
  // the registry refuses such a request with the status 400, which the browser logs
  tab.wrong.splice(0);
  await form.getByLabel(/^Codes/).fill('SYMBOLS_UNVERIFIED');
  await form.locator('button[type=submit]').click();
  const row = page.locator('tr:has-text("SYMBOLS_UNVERIFIED")');
  await row.locator('button:text-is("Revoke")').click();
  await page.locator('dialog[open] input').fill('the lab is gone');
  await page.click('dialog[open] button[type=submit]');
  await page.waitForSelector('text="There is no waiver."');
  expect(await registry.ask('{ waivers(first: 10) { nodes { codes reason revokeReason } } }')).toEqual({
    waivers: {
      nodes: [
        {
          codes: ['SYMBOLS_UNVERIFIED'],
          reason: 'the lab reboots each night',
          revokeReason: 'the lab is gone',
        },
      ],
    },
  });
});

test('the key of an owner is added and revoked, and the audit log with it is intact', async () => {
  const { page, open } = tab;
  await open('/admin?tab=owners');
  const form = await openWindow(page, 'Add a key');
  await form.getByLabel('Owner').fill('web-team');
  const { publicKey } = generateKeyPairSync('ed25519');
  await form.locator('textarea').fill(publicKey.export({ type: 'spki', format: 'pem' }) as string);
  await form.locator('button[type=submit]').click();
  const row = page.locator('tr:has-text("web-team")');
  await row.locator('button:text-is("Revoke")').click();
  await page.click('dialog[open] button[type=submit]');
  await row.locator('text="revoked"').waitFor();
  expect(await registry.ask('{ ownerKeys(where: { owner: "web-team" }) { revokedAt } }')).toEqual({
    ownerKeys: [{ revokedAt: expect.any(String) }],
  });

  await open('/admin?tab=audit');
  await page.locator('code:text-is("REVOKE_OWNER_KEY")').waitFor();
  await page.click('button:text-is("Verify the chain")');
  await page.locator('text=/The chain is intact: \\d+ entries/').waitFor();
});
