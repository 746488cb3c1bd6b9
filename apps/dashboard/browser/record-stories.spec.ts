import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { axe, openBrowser, openTab, settled, shoot, type Tab } from './look.js';
import { type Registry, startRegistry } from './registry.js';

const APPS = path.join(__dirname, '../..');
/** A port that no registry uses. */
const NOWHERE = 'http://127.0.0.1:9';

let registry: Registry;
let browser: Browser;
let tab: Tab;
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-record-'));
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(), openBrowser()]);
  const trees = path.join(APPS, 'agent/fixtures/trees-7.3.tar.gz');
  spawnSync('tar', ['-xzf', trees, '-C', folder, '--strip-components=1', '7.3/dash-name']);
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

/** Runs a program of the repository to its end, in the folder of the test. */
function run(program: string, args: readonly string[], url = registry.url) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(APPS, program), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH!, KLPREG_URL: url, KLPREG_TOKEN: registry.adminToken },
  });
  return { status, stdout, stderr };
}

const klpreg = (args: readonly string[], url?: string) => run('cli/bin/klpreg.js', args, url);

/** Enrols a host as its agent does, and returns the exit code. */
const enrol = (hostname: string) =>
  run(
    'agent/bin/klpreg-agent.js',
    (
      `enrol --url ${registry.url} --root dash-name/on --config agent.toml --state ${hostname} ` +
      `--hostname ${hostname} --instance ${hostname} --enrol-token-file enrol-token`
    ).split(' '),
  );

const enrolments = async () => {
  const answer = (await registry.ask(
    '{ enrolments(first: 10) { nodes { hostname state stateBy labels { key value } } } }',
  )) as never as { enrolments: { nodes: { hostname: string }[] } };
  return Object.fromEntries(answer.enrolments.nodes.map(({ hostname, ...rest }) => [hostname, rest]));
};

test('an admin approves one host that asks to be enrolled, and rejects another', async () => {
  const { page, open } = tab;
  const { createEnrolmentToken } = (await registry.ask(
    `mutation { createEnrolmentToken(input: {
      name: "rack-7", uses: 2, approval: true, labels: [{ key: "rack", value: "7" }]
    }) { token } }`,
  )) as never as { createEnrolmentToken: { token: string } };
  writeFileSync(at('enrol-token'), createEnrolmentToken.token, { mode: 0o600 });
  writeFileSync(at('agent.toml'), '');
  for (const name of ['good-1', 'bad-1']) expect(enrol(name).status).not.toBe(0);
  expect(await enrolments()).toMatchObject({ 'good-1': { state: 'PENDING' }, 'bad-1': { state: 'PENDING' } });

  await open('/admin?state=PENDING');
  await shoot(page, 'enrolments');
  expect(await axe(page)).toEqual([]);
  const row = (name: string) => page.locator(`tr:has-text("${name}")`);
  await row('good-1').locator('button:text-is("Approve")').click();
  await page.locator('dialog[open] h2:has-text("Approve good-1")').waitFor();
  await page.click('dialog[open] button[type=submit]');
  await row('good-1').waitFor({ state: 'detached' });
  await row('bad-1').locator('button:text-is("Reject")').click();
  await page.fill('dialog[open] input', 'it is not ours');
  await page.click('dialog[open] button[type=submit]');
  await page.waitForSelector('text="No enrolment matches."');

  expect(await enrolments()).toMatchObject({
    'good-1': { state: 'ACTIVE', labels: [{ key: 'rack', value: '7' }] },
    'bad-1': { state: 'REJECTED', stateBy: expect.any(String) },
  });
  expect(enrol('good-1').status).toBe(0);
  expect(enrol('bad-1').status).not.toBe(0);
  await page.selectOption('main select', 'REJECTED');
  await row('bad-1').waitFor();
  expect(await row('good-1').count()).toBe(0);
});

test('the certificate of a decision is shown, and verified offline after its download', async () => {
  const { page, open } = tab;
  const gate = ['can-i-downgrade', '--to', 'cumulative-2026.09', '--where', 'env=prod', '-o', 'json'];
  expect(klpreg([...gate, '--change', 'CHG-7', '--certificate', 'written.json']).status).toBe(1);
  writeFileSync(at('key.pem'), klpreg(['certificate', 'key']).stdout);

  await open('/decisions');
  await page.click('main a:has-text("CHG-7")');
  await page.waitForSelector('h1:text-is("Decision about CHG-7")');
  await settled(page);
  await shoot(page, 'decision');
  expect(await axe(page)).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click('main a:text-is("Download")'),
  ]);
  await download.saveAs(at('decision.json'));

  const verify = (file: string) =>
    klpreg(['certificate', 'verify', file, '--key', 'key.pem', '-o', 'json'], NOWHERE);
  // the exit code is that of the decision, which was "no"
  const { status, stdout } = verify('decision.json');
  expect(JSON.parse(stdout)).toMatchObject({ valid: true, why: null });
  expect(status).toBe(1);
  const text = readFileSync(at('decision.json'), 'utf8');
  expect(text).toBe(readFileSync(at('written.json'), 'utf8'));
  const { decisions } = (await registry.ask(
    '{ decisions(first: 10) { nodes { changeId decision certificate { content } } } }',
  )) as never as { decisions: { nodes: { certificate: { content: string } }[] } };
  expect(decisions.nodes).toEqual([{ changeId: 'CHG-7', decision: 'NO', certificate: expect.anything() }]);
  expect(JSON.parse(decisions.nodes[0]!.certificate.content)).toEqual(JSON.parse(text).content);

  writeFileSync(at('changed.json'), text.replaceAll('CHG-7', 'CHG-8'));
  expect(JSON.parse(verify('changed.json').stdout)).toMatchObject({ valid: false });
});
