import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { VerdictSums } from '../../src/query/verdict-sums.js';
import { Demo, type DemoHost, type Ended } from '../demo/demo.js';
import { commandsOf, examplesOf, laidOut, normalized, shortened, wordsOf } from '../demo/page.js';
import { allModules } from '../modules.js';
import { Registry } from '../registry.js';

const PAGE = path.join(__dirname, '../../../../docs/integrating/questions.md');
const page = readFileSync(PAGE, 'utf8');
const EXAMPLES = examplesOf(page).map((example, i) => [example.title, i, example] as const);
const isUpdating = process.env['UPDATE_GOLDEN'] === '1';
/** The maximum number of lines of an answer, so that the page can be read. */
const MAX_LINES = 28;

const lab = (hostname: string, tree: string | null): DemoHost => ({
  hostname,
  kernel: '7.3',
  tree,
  runs: null,
  labels: { role: 'lab', env: 'lab', site: 'ams' },
});

let registry: Registry;
let demo: Demo;
let url: string;
let folder: string;
/** The page with the answers of this run. */
let updated = page;

/** The fleet that the beginning of the page describes. */
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_HISTORY_LABEL: 'env' });
  url = await registry.listen();
  folder = mkdtempSync(path.join(tmpdir(), 'klpreg-questions-'));
  demo = Demo.start(folder);
  const token = registry.authorization.replace('Bearer ', '');
  const more = [lab('lab-1.ams', 'plain-stack/three'), lab('lab-2.ams', null), lab('lab-3.ams', null)];
  const releases = await demo.do<number>('begin', { url, token, more });
  // one each second, so that they have an order
  for (let nth = 0; nth < releases; nth++, registry.wait(1, 'seconds')) await demo.do('publish', { nth });
  await demo.do('loadAtBoot', { hostname: 'lab-1.ams', module: 'lab_r_1v1_a' });
  await demo.do('report');
  const { bytes } = allModules('7.3').find(({ name }) => name === 'lab_r_1v3_a')!;
  writeFileSync(path.join(folder, 'livepatch-2026.12.ko'), bytes);
  registry.wait(30, 'minutes');
  await demo.do('boot', { host: { ...lab('cache-1.ams', 'one-replace/on'), labels: CACHE } });
  registry.wait(29, 'minutes');
  await demo.do('boot', { host: lab('lab-2.ams', null) });
  await demo.do('clone', { hostname: 'lab-2.ams' });
  await demo.do('confirm', { except: ['lab-3.ams'] });
  registry.wait(2, 'minutes');
  // the server stores them as well, each minute, and one at a time does
  while ((await registry.ask(STORED)).verdictHistory.length === 0)
    await registry.app.get(VerdictSums).storeMissing();
});
afterAll(async () => {
  if (isUpdating) writeFileSync(PAGE, updated);
  demo.stop();
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

const STORED = '{ verdictHistory(to: { previous: true }, from: "2026-11-23T00:00:00Z") { time } }';
const CACHE = { role: 'cache', env: 'prod', site: 'ams' };

/** Shows only what a command writes to stdout. */
const QUIET = ' 2> /dev/null';

/** Runs a command of the page. klpreg writes tables, as on a terminal. */
async function output(command: string): Promise<string> {
  const env = { KLPREG_URL: url, KLPREG_TOKEN: registry.authorization.replace('Bearer ', '') };
  if (!command.startsWith('klpreg ')) {
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, ...env } });
    return stdout;
  }
  const [asked, quiet] = command.split(QUIET);
  const [, ...words] = wordsOf(asked!);
  const request = { words: [...words, '-o', 'table'], env, now: registry.now().getTime() };
  const { stdout, mixed, exit } = await demo.do<Ended>('klpreg', request);
  return `${quiet === undefined ? mixed : stdout}${exit === 0 ? '' : `exit code ${exit}\n`}`;
}

test.each(EXAMPLES)('%s (example %i)', async (_title, _i, { language, block, content }) => {
  let real = '';
  if (language === 'graphql')
    real = `\`\`\`graphql\n${content}\`\`\`\n\n\`\`\`json\n${laidOut(await registry.ask(content))}\n\`\`\`\n`;
  else {
    for (const command of commandsOf(content)) real += `$ ${command}\n${await output(command)}`;
    real = `\`\`\`console\n${real}\`\`\`\n`;
  }
  real = shortened(real);
  if (isUpdating) {
    if (normalized(real) !== normalized(block)) updated = updated.replace(block, () => real);
  } else expect(normalized(real)).toBe(normalized(block));
  const shown = language === 'graphql' ? real.slice(real.indexOf('```json')) : real;
  expect(shown.split('\n').length - 3).toBeLessThanOrEqual(MAX_LINES);
});
