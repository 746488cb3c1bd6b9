import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { axe, openBrowser, openTab, shoot } from './look.js';
import { printed, type Registry, startRegistry } from './registry.js';

const PROVIDER = path.join(__dirname, '../../cli/test/issuer/provider.mjs');

let provider: ChildProcess;
let issuer: string;
let registry: Registry;
let browser: Browser;
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-account-'));

beforeAll(async () => {
  const roles = path.join(folder, 'roles.yaml');
  writeFileSync(roles, '- { value: ops, role: admin }\n');
  provider = spawn(process.execPath, [PROVIDER], { stdio: ['ignore', 'pipe', 'pipe'] });
  issuer = (await printed(provider, /issuer (http:\S+)/))[1]!;
  [registry, browser] = await Promise.all([
    startRegistry(0, [], {
      KLPREG_OIDC_ISSUER: issuer,
      KLPREG_OIDC_CLIENT_ID: 'klpreg',
      KLPREG_OIDC_ROLES_FILE: roles,
      KLPREG_OIDC_ALLOW_HTTP: 'yes',
      KLPREG_OIDC_ALLOW_PRIVATE: 'yes',
    }),
    openBrowser(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
  provider?.kill();
  rmSync(folder, { recursive: true });
});

/** Fills in the forms of the issuer: who it is, and what the client may do. */
async function fillForms(page: Page, account: string): Promise<void> {
  await page.fill('input[name=login]', account);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.click('button[type=submit]');
}

test('a person signs in at the issuer, has the role of their group, and signs out', async () => {
  const { page, wrong } = await openTab(browser, registry.url, null, {}, issuer);
  await page.goto(`${registry.url}/hosts?where=agent.role=db`);
  await page.click('button:text-is("Sign in with your account")');
  await fillForms(page, 'alice');
  // back where the person was, with the role of their group
  await page.waitForSelector('header [title*="alice"]');
  expect(page.url()).toBe(`${registry.url}/hosts?where=agent.role=db`);
  expect(await page.innerText('header')).toContain('admin');
  await page.reload();
  await page.waitForSelector('nav >> text=Admin');
  await page.click('button:text-is("Sign out")');
  await page.waitForSelector('input[type=password]');
  // without a token the registry answers 401, which the browser logs
  expect(wrong.filter((text) => !text.includes('401'))).toEqual([]);
  await page.context().close();
});

/** The sign-in form of someone who may see nothing signs out, and takes another token. */
async function signOutAndIn(page: Page): Promise<void> {
  expect(await axe(page)).toEqual([]);
  expect(await page.innerText('body')).not.toContain('web-1.ams');
  await page.click('form button:text-is("Sign out")');
  await page.locator('[role=alert]').waitFor({ state: 'detached' });
  await page.waitForSelector('input[type=password]');
  expect(await page.locator('button:text-is("Sign out")').count()).toBe(0);
  expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
  await page.fill('input[type=password]', registry.adminToken);
  await page.click('button:text-is("Sign in")');
  await page.waitForSelector('nav >> text=Admin');
}

test('a person without a role sees no host, and whom to ask, and signs out', async () => {
  const { page } = await openTab(browser, registry.url, null, {}, issuer);
  await page.goto(registry.url);
  await page.click('button:text-is("Sign in with your account")');
  await fillForms(page, 'carol');
  const alert = page.locator('[role=alert]');
  await alert.waitFor();
  expect(await alert.innerText()).toMatch(/the account \S*carol\S* has no role in this registry/);
  await shoot(page, 'no-role');
  await signOutAndIn(page);
  await page.context().close();
});

test.each(['RELAY', 'PUBLISHER'])('a token of the role %s sees no host, and signs out', async (role) => {
  const { createToken } = (await registry.ask(
    'mutation ($name: String!, $role: TokenRole!) { createToken(input: { name: $name, role: $role }) { text } }',
    { name: role, role },
  )) as never as { createToken: { text: string } };
  const { page } = await openTab(browser, registry.url, null);
  await page.goto(registry.url);
  await page.fill('input[type=password]', createToken.text);
  await page.click('button:text-is("Sign in")');
  await page.locator('[role=alert]:has-text("role reader, gate or admin")').waitFor();
  await signOutAndIn(page);
  await page.context().close();
});

test('an issuer that does not answer is named, and a token still signs in', async () => {
  provider.kill();
  const { page } = await openTab(browser, registry.url, null, {}, issuer);
  await page.goto(registry.url);
  await page.click('button:text-is("Sign in with your account")');
  await page.locator(`[role=alert]:has-text("${issuer} cannot be used")`).waitFor();
  await page.fill('input[type=password]', registry.adminToken);
  await page.click('button:text-is("Sign in")');
  await page.waitForSelector('nav >> text=Admin');
  await page.context().close();
});
