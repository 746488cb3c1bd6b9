import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { axe, openBrowser, openTab, overflow, shoot } from './look.js';
import { type Registry, startRegistry } from './registry.js';

/** Markup, quotes, the braces of templates, characters that change the direction, and combining marks. */
const HOSTILE = '<img src=x onerror=alert(1)>\u202Egnp.exe"&\'{{7*7}}${1}\u2066 z\u0301\u0301\u0301';

/** A text of this length without a space, which is the worst to wrap. */
const long = (length: number) => 'x'.repeat(length);

/** A valid report, with every text of a host that the registry takes as it is. */
function reportWith(instance: string, text: (length: number) => string): string {
  const example = path.join(__dirname, '../../../libs/wire/test/goldens/report-v1.json');
  const report = JSON.parse(readFileSync(example, 'utf8')) as Record<string, object>;
  const document = {
    ...report,
    agent: { version: text(64) },
    host: {
      ...report['host'],
      instance,
      machine: null,
      hostname: text(253),
      labels: { note: text(253) },
      kernelRelease: text(128),
      kernelVersion: text(256),
      distribution: { id: text(64), version: text(64), name: text(128) },
    },
    transition: {
      ...report['transition'],
      tasks: [{ pid: 42, comm: text(64), patchState: 0 }],
    },
    otherLivePatching: [text(128)],
    unread: [text(500)],
    warnings: [text(500)],
  };
  const digest = `import { contentDigest } from '@klpreg/wire';
    const document = JSON.parse(await (await import('node:stream/consumers')).text(process.stdin));
    process.stdout.write(JSON.stringify({ ...document, digest: contentDigest(document) }));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', digest], {
    cwd: path.join(__dirname, '../../server'),
    input: JSON.stringify(document),
    encoding: 'utf8',
  });
}

async function send(report: string): Promise<void> {
  const answer = await fetch(`${registry.url}/v1/reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${registry.adminToken}` },
    body: report,
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const hostile = (length: number) => HOSTILE.slice(0, length);

let registry: Registry;
let browser: Browser;
let host: string;
let patch: string;
let reported: string;
let decision: string;

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(), openBrowser()]);
  const { patches } = (await registry.ask('{ patches(first: 1) { nodes { buildId } } }')) as never as {
    patches: { nodes: { buildId: string }[] };
  };
  patch = patches.nodes[0]!.buildId;
  const add = (hostname: string, value: string) =>
    registry.ask('mutation ($input: AddHostInput!) { addHost(input: $input) { id } }', {
      input: { hostname, labels: [{ key: 'note', value }] },
    });
  const added = (await add(HOSTILE, HOSTILE)) as never as { addHost: { id: string } };
  host = encodeURIComponent(added.addHost.id);
  await add(long(253), long(253));
  const waive = 'mutation ($input: AddWaiverInput!) { addWaiver(input: $input) { id } }';
  const enrol =
    'mutation ($input: CreateEnrolmentTokenInput!) { createEnrolmentToken(input: $input) { token } }';
  const create = 'mutation ($input: CreateTokenInput!) { createToken(input: $input) { text } }';
  const pairs = [
    [HOSTILE, HOSTILE, HOSTILE.slice(0, 64)],
    [long(128), long(500), long(64)],
  ] as const;
  for (const [owner, reason, name] of pairs) {
    const selector = [{ key: 'note', values: [HOSTILE, long(253)] }];
    await registry.ask(waive, { input: { owner, reason, codes: ['SYMBOLS_UNVERIFIED'], selector } });
    await registry.ask(enrol, { input: { name, labels: [{ key: 'note', value: HOSTILE }] } });
    await registry.ask(create, {
      input: { name, role: 'READER', scope: [{ key: 'note', values: [HOSTILE, long(253)] }] },
    });
  }
  const instances = ['0190a000-0000-7000-8000-0123456789aa', '0190a000-0000-7000-8000-0123456789bb'] as const;
  await send(reportWith(instances[0], hostile));
  await send(reportWith(instances[1], long));
  const { hosts } = (await registry.ask(
    `{ hosts(where: { ids: ["${instances[0]}"] }) { nodes { id } } }`,
  )) as never as {
    hosts: { nodes: { id: string }[] };
  };
  reported = encodeURIComponent(hosts.nodes[0]!.id);
  const record = 'mutation ($input: RecordDecisionInput!) { recordDecision(input: $input) { id } }';
  for (const text of [long, hostile]) {
    const { recordDecision } = (await registry.ask(record, {
      input: {
        gate: 'CAN_DOWNGRADE',
        target: { original: true },
        where: { hostnames: [text(253)] },
        changeId: text(128),
        claimed: 'CANNOT_TELL',
        breakGlass: text(500),
      },
    })) as never as { recordDecision: { id: string } };
    decision = encodeURIComponent(recordDecision.id);
    const rule = {
      name: text(64),
      where: [{ key: 'note', in: [text(253)] }],
      maxAge: '2m',
    };
    await registry.ask(
      'mutation ($document: String!, $reason: String!) { applyPolicy(document: $document, reason: $reason) { replaces } }',
      {
        document: JSON.stringify({ schema: 'policy/v1', rules: [rule] }),
        reason: text(500),
      },
    );
  }
  await registry.ask(
    'mutation ($id: String!, $reason: String) { recallPatch(buildId: $id, reason: $reason) { name } }',
    {
      id: patch,
      reason: HOSTILE,
    },
  );
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

/** The innermost elements that hold a hostile text, and are not isolated from the text next to them. */
const notIsolated = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) =>
        [...element.childNodes].some(
          ({ nodeType, nodeValue }) => nodeType === 3 && nodeValue!.includes('\u202E'),
        ),
      )
      .filter((element) => element.tagName !== 'OPTION' && element.tagName !== 'TEXTAREA')
      .filter((element) => !getComputedStyle(element).unicodeBidi.startsWith('isolate'))
      .map(({ outerHTML }) => outerHTML.slice(0, 200)),
  );

/** The views, and whether the page has the hostile text in them. */
const VIEWS: readonly (readonly [name: string, address: () => string, shown: boolean])[] = [
  ['overview', () => '/', true],
  ['back', () => '/back', false],
  ['back for a hostile filter', () => `/back?where=${encodeURIComponent(`note=${HOSTILE}`)}`, false],
  ['rollout', () => '/rollout', false],
  ['matrix', () => '/matrix', false],
  ['states', () => '/states', false],
  ['hosts', () => '/hosts?where=note', true],
  ['host that never reported', () => `/hosts/${host}`, true],
  ['host', () => `/hosts/${reported}`, true],
  ['catalog', () => '/catalog', false],
  ['patch', () => `/catalog/${patch}`, true],
  ['decisions', () => '/decisions?all=yes', true],
  ['one decision', () => `/decisions/${decision}`, true],
  ['waivers', () => '/decisions?tab=waivers', true],
  ['policy', () => '/decisions?tab=policy', true],
  ['enrolments', () => '/admin', false],
  ['enrolment tokens', () => '/admin?tab=enrolment-tokens', true],
  ['tokens', () => '/admin?tab=tokens', true],
  ['owners', () => '/admin?tab=owners', false],
  ['audit log', () => '/admin?tab=audit', true],
];

const LOOKS = [
  { look: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { look: 'phone', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
] as const;

describe.each(LOOKS)('$look', ({ look, colorScheme, viewport }) => {
  test.each(VIEWS)('hostile texts do not harm %s', async (name, address, shown) => {
    const tab = await openTab(browser, registry.url, registry.adminToken, { colorScheme, viewport });
    const { page } = tab;
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await tab.open(address());
    await shoot(page, `hostile-${name.replaceAll(' ', '-')}-${look}`);
    if (shown) expect(await page.textContent('body')).toContain('<img src=x onerror=alert(1)>');
    expect(await page.locator('img, main script').count()).toBe(0);
    expect(await notIsolated(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    expect(await axe(page)).toEqual([]);
    expect([...dialogs, ...tab.wrong]).toEqual([]);
    await page.context().close();
  });
});

test('a foreign part of a sentence does not change the order of its words', async () => {
  const tab = await openTab(browser, registry.url, registry.adminToken);
  await tab.open(`/hosts/${reported}`);
  const reasons = (await tab.page.locator('.reason').allInnerTexts()).join();
  expect(reasons).toContain('onerror=alert(1)>\\u202egnp.exe');
  expect(reasons).not.toContain('\u202E');
  await tab.page.context().close();
});

const ADD_HOST = 'mutation ($input: AddHostInput!) { addHost(input: $input) { id } }';
const CREATE_TOKEN = 'mutation ($input: CreateTokenInput!) { createToken(input: $input) { text } }';
const RECALL =
  'mutation ($id: String!, $reason: String) { recallPatch(buildId: $id, reason: $reason) { name } }';

test.each([
  ['hostname', 253, ADD_HOST, (text: string) => ({ input: { hostname: text } })],
  ['name', 64, CREATE_TOKEN, (text: string) => ({ input: { name: text, role: 'READER' } })],
  ['reason', 500, RECALL, (text: string) => ({ id: patch, reason: text })],
  [
    'note',
    253,
    ADD_HOST,
    (text: string) => ({ input: { hostname: 'a', labels: [{ key: 'note', value: text }] } }),
  ],
  [
    'scope',
    253,
    CREATE_TOKEN,
    (text: string) => ({ input: { name: 'a', role: 'READER', scope: [{ key: 'note', values: [text] }] } }),
  ],
] as const)(
  'a %s of 10,000 characters is refused with its limit, %d',
  async (field, limit, mutation, given) => {
    const refusal = await registry.ask(mutation, given(long(10_000))).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    expect(refusal).toContain(field);
    expect(refusal).toMatch(new RegExp(`(?:1 to|at most) ${limit} characters`));
    expect(refusal).toContain('found 10000');
  },
);
