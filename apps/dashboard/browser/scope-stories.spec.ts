import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, openTab, settled } from './look.js';
import { type Registry, startRegistry } from './registry.js';

interface Host {
  readonly id: string;
  readonly hostname: string;
  readonly bootId: string | null;
  readonly kernelRelease: string | null;
}

let registry: Registry;
let browser: Browser;
let own: Host;
let foreign: Host[];
let buildIds: string[];
let release: string;
let token: string;
let moment: string;
/** About a foreign host. */
let decision: string;
/** Of records about foreign hosts. */
const RECORDED = ['foreign-owner', 'foreign-reason', 'foreign-change'];

const ask = async <Data>(query: string, variables: object = {}): Promise<Data> =>
  (await registry.ask(query, variables)) as never as Data;

/** Gives a host these labels, and no others. */
const label = (id: string, labels: Readonly<Record<string, string>>) =>
  ask('mutation ($id: ID!, $labels: [LabelInput!]!) { labelHost(id: $id, labels: $labels) { id } }', {
    id,
    labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
  });

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(), openBrowser()]);
  const { hosts, patches, releases } = await ask<{
    hosts: { nodes: Host[] };
    patches: { nodes: { buildId: string }[] };
    releases: { nodes: { name: string }[] };
  }>(
    `{ hosts(first: 100) { nodes { id hostname bootId kernelRelease } }
      patches(first: 3) { nodes { buildId } } releases(first: 1) { nodes { name } } }`,
  );
  own = hosts.nodes.find(({ hostname }) => hostname === 'db-1.fra')!;
  foreign = hosts.nodes.filter(({ id }) => id !== own.id);
  buildIds = patches.nodes.map(({ buildId }) => buildId);
  release = releases.nodes[0]!.name;
  await label(own.id, { team: 'storage' });
  for (const { id, hostname } of foreign) await label(id, { owner: `foreign-team-${hostname}` });
  await ask('mutation ($input: AddWaiverInput!) { addWaiver(input: $input) { id } }', {
    input: {
      owner: 'foreign-owner',
      reason: 'foreign-reason',
      codes: ['BOOT_UNKNOWN'],
      selector: [{ key: 'owner', values: [`foreign-team-${foreign[0]!.hostname}`] }],
    },
  });
  const { recordDecision } = await ask<{ recordDecision: { id: string } }>(
    'mutation ($input: RecordDecisionInput!) { recordDecision(input: $input) { id } }',
    {
      input: {
        gate: 'CAN_DOWNGRADE',
        target: { original: true },
        where: { hostnames: [foreign[0]!.hostname] },
        changeId: 'foreign-change',
        claimed: 'CANNOT_TELL',
      },
    },
  );
  decision = recordDecision.id;
  const { createToken } = await ask<{ createToken: { text: string } }>(
    `mutation { createToken(input: {
      name: "storage", role: READER, scope: [{ key: "team", values: ["storage"] }] }) { text } }`,
  );
  token = createToken.text;
  moment = encodeURIComponent(new Date().toISOString());
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

/** Keeps what the page receives, also of an event stream that stays open. */
async function listen(page: Page): Promise<string[]> {
  const bodies: string[] = [];
  await page.exposeFunction('keepBody', (index: number, text: string) => {
    bodies[index] = (bodies[index] ?? '') + text;
  });
  let documents = 0;
  await page.exposeFunction('nextBody', () => documents++);
  await page.addInitScript(() => {
    const { fetch: ask, nextBody, keepBody } = globalThis as never as Received;
    globalThis.fetch = async (...request) => {
      const response = await ask(...request);
      const reader = response.clone().body?.pipeThrough(new TextDecoderStream()).getReader();
      const keep = async () => {
        const index = await nextBody();
        for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read())
          await keepBody(index, part.value);
      };
      // a stream that the page ends has no more to keep
      keep().catch(() => undefined);
      return response;
    };
  });
  return bodies;
}

interface Received {
  readonly fetch: typeof fetch;
  readonly nextBody: () => Promise<number>;
  readonly keepBody: (index: number, text: string) => Promise<void>;
}

/** Numbers of hosts in an answer: with one host in the scope, none is above 1. */
const COUNTS =
  /"(?:hosts|matched|total|safe|unknown|unsafe|refused|harmful|noReturn|served|openToday|lost)":(\d+)/g;
/** What a reader may not do. */
const ACTIONS = /^(?:Publish|Recall|Create|Revoke|Retire|Add|Apply|Transfer|Accept|Reject|Waive)\b/;

function addresses(): string[] {
  const where = `where=${encodeURIComponent('team=storage')}`;
  const away = encodeURIComponent(foreign[0]!.id);
  const kernel = encodeURIComponent(own.kernelRelease!);
  return [
    '/',
    `/?asOf=${moment}`,
    '/back',
    `/back?to=original&${where}`,
    `/back?to=original&where=${encodeURIComponent('owner')}`,
    ...['stack', 'kernel', 'stack-kernel'].map((by) => `/back?to=original&by=${by}`),
    '/back?to=original&by=label&label=owner',
    '/back?to=previous&plan=open',
    ...['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'].map((kind) => `/back?to=original&kind=${kind}`),
    `/back?to=original&asOf=${moment}`,
    '/rollout',
    `/rollout?what=${encodeURIComponent(release)}`,
    '/matrix',
    `/matrix?kernel=${kernel}`,
    '/states',
    `/states?kernel=${kernel}`,
    '/hosts',
    `/hosts?${where}`,
    '/hosts?where=freshness=fresh',
    `/hosts?asOf=${moment}`,
    `/hosts/${encodeURIComponent(own.id)}`,
    `/hosts/${encodeURIComponent(own.id)}?asOf=${moment}`,
    `/hosts/${away}`,
    `/hosts/${away}?asOf=${moment}`,
    '/catalog',
    ...buildIds.map((buildId) => `/catalog/${buildId}`),
    '/decisions',
    '/decisions?all=yes',
    `/decisions/${encodeURIComponent(decision)}`,
    '/decisions?tab=waivers',
    '/decisions?tab=policy',
    '/admin',
    '/admin?tab=tokens',
    '/admin?tab=audit',
  ];
}

test('a reader with a scope sees nothing of other hosts, in any view', async () => {
  const { page, open, wrong } = await openTab(browser, registry.url, token);
  const bodies = await listen(page);
  const ids = foreign.flatMap(({ id, bootId }) => (bootId === null ? [id] : [id, bootId]));
  const traces = ['foreign-team-', ...RECORDED, ...foreign.map(({ hostname }) => hostname), ...ids];
  // Published builds, with their kernels, are for every reader (docs/operating/tokens.md). Which of
  // them a host runs is not: a list of kernels to choose from has those of the scope alone.
  const kernels = foreign.flatMap(({ kernelRelease }) => kernelRelease ?? []);
  const hidden = kernels.filter((kernel) => kernel !== own.kernelRelease);
  const found: string[] = [];
  /** Notes what the page shows of foreign hosts. The address itself may have the id that was typed. */
  const look = async (address: string, known = '') => {
    const html = await page.content();
    const shown = traces.filter(
      (trace) =>
        html.includes(trace) && !decodeURIComponent(address).includes(trace) && !known.includes(trace),
    );
    const text = await page.innerText('body');
    const many = text.match(/\b(?:[2-9]|\d[\d,]+) hosts\b/g) ?? [];
    const options = await page
      .locator('option')
      .evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
    const buttons = await page.locator('button, a.button').allInnerTexts();
    found.push(
      ...[...shown, ...many, ...options.filter((value) => hidden.includes(value))].map(
        (what) => `${address} shows ${what}`,
      ),
      ...buttons.filter((name) => ACTIONS.test(name)).map((name) => `${address} offers ${name}`),
    );
  };
  for (const address of addresses()) {
    await open(address);
    await page.locator('details').evaluateAll((all) => {
      for (const details of all) details.setAttribute('open', '');
    });
    const block = page.locator('main a[href*="block="]').first();
    if ((await block.count()) > 0) {
      await block.click();
      await settled(page);
    }
    await look(address);
  }
  for (const address of ['/states', '/catalog', '/matrix']) {
    await open(address);
    expect(await page.innerText('body')).toContain('The scope of your token hides other hosts.');
  }
  await open('/hosts');
  expect(await page.innerText('body')).toContain('1 host matches');
  // what the role may not see is not offered
  expect(await page.isVisible('nav >> text=Admin')).toBe(false);
  await page.goto(`${registry.url}/graphiql`);
  await page.waitForSelector('.graphiql-container');
  // its examples are the text of docs/integrating/questions.md, which has names of the demo fleet
  const written = readFileSync(path.join(__dirname, '../../../docs/integrating/questions.md'), 'utf8');
  await look('/graphiql', written);
  expect(bodies.length).toBeGreaterThan(addresses().length);
  expect(bodies.join('\n')).toContain(own.hostname);
  for (const body of bodies) {
    const all = body ?? '';
    found.push(...traces.filter((trace) => all.includes(trace)).map((trace) => `an answer has ${trace}`));
    for (const [count, n] of all.matchAll(COUNTS))
      if (Number(n) > 1) found.push(`${count}: ${all.slice(0, 300)}`);
  }
  expect(found).toEqual([]);
  expect(wrong).toEqual([]);
  await page.context().close();
});

test('a change of a foreign host is not sent to a page that is open', async () => {
  const { page, open, wrong } = await openTab(browser, registry.url, token);
  const bodies = await listen(page);
  await open('/hosts?where=note=seen');
  await label(foreign[0]!.id, { owner: 'foreign-team-new', note: 'seen' });
  // the change of the own host comes after it, and shows
  await label(own.id, { team: 'storage', note: 'seen' });
  await page.waitForSelector(`a:text-is("${own.hostname}")`);
  expect(bodies.filter((body) => body.includes('foreign-team'))).toEqual([]);
  expect(bodies.filter((body) => body.includes(foreign[0]!.hostname))).toEqual([]);
  expect(await page.content()).not.toContain(foreign[0]!.hostname);
  expect(wrong).toEqual([]);
  await page.context().close();
});
