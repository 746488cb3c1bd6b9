import type { Browser } from 'playwright-core';
import { axe, openBrowser, openTab, overflow, shoot } from './look.js';
import { type Registry, startRegistry } from './registry.js';

/** 0: the demo fleet. `HOSTS=100000 npm run check:browser` walks the views of a simulated one. */
const HOSTS = Number(process.env.HOSTS ?? 0);

let registry: Registry;
let browser: Browser;
let host: string;
let patch: string;

beforeAll(async () => {
  [registry, browser] = await Promise.all([startRegistry(HOSTS), openBrowser()]);
  const { hosts, patches } = (await registry.ask(
    '{ hosts(first: 1) { nodes { id } } patches(first: 1) { nodes { buildId } } }',
  )) as never as {
    hosts: { nodes: { id: string }[] };
    patches: { nodes: { buildId: string }[] };
  };
  host = encodeURIComponent(hosts.nodes[0]!.id);
  patch = patches.nodes[0]!.buildId;
});

afterAll(async () => {
  await browser?.close();
  await registry?.stop();
});

const VIEWS: readonly (readonly [name: string, address: () => string])[] = [
  ['overview', () => '/'],
  ['back', () => '/back'],
  ['back to the original code', () => '/back?to=original'],
  ['rollout', () => '/rollout'],
  ['matrix', () => '/matrix'],
  ['states', () => '/states'],
  ['hosts', () => '/hosts'],
  ['host', () => `/hosts/${host}`],
  ['catalog', () => '/catalog'],
  ['patch', () => `/catalog/${patch}`],
  ['decisions', () => '/decisions'],
  ['waivers', () => '/decisions?tab=waivers'],
  ['policy', () => '/decisions?tab=policy'],
  ['enrolments', () => '/admin'],
  ['enrolment tokens', () => '/admin?tab=enrolment-tokens'],
  ['tokens', () => '/admin?tab=tokens'],
  ['owners', () => '/admin?tab=owners'],
  ['audit log', () => '/admin?tab=audit'],
];

const LOOKS = [
  { look: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { look: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { look: 'phone', colorScheme: 'light', viewport: { width: 360, height: 740 } },
] as const;

describe.each(LOOKS)('$look', ({ look, colorScheme, viewport }) => {
  test.each(VIEWS)('%s is whole: no error, nothing cut off, no finding of axe', async (name, address) => {
    const tab = await openTab(browser, registry.url, registry.adminToken, { colorScheme, viewport });
    await tab.open(address());
    await shoot(tab.page, `${name.replaceAll(' ', '-')}-${look}`);
    expect(await overflow(tab.page)).toBe(0);
    expect(await axe(tab.page)).toEqual([]);
    expect(tab.wrong).toEqual([]);
    await tab.page.context().close();
  });

  // what axe finds there is within the editor of GraphiQL
  test('GraphiQL is whole: no error, nothing cut off', async () => {
    const tab = await openTab(browser, registry.url, registry.adminToken, { colorScheme, viewport });
    await tab.page.goto(`${registry.url}/graphiql`);
    await tab.page.locator('.graphiql-query-editor .CodeMirror-line').first().waitFor();
    await shoot(tab.page, `graphiql-${look}`);
    expect(await overflow(tab.page)).toBe(0);
    expect(tab.wrong).toEqual([]);
    await tab.page.context().close();
  });
});

test('an address without a view says so, and leads back', async () => {
  const tab = await openTab(browser, registry.url, registry.adminToken);
  await tab.page.goto(`${registry.url}/hosts/${host}/nothing-here`);
  expect((await tab.page.content()).includes('NOT_FOUND')).toBe(true);
  await tab.page.context().close();
});
