import { readFileSync } from 'node:fs';
import path from 'node:path';
import { klpreg, TestEnvironment } from './environment.js';
import { fleetAnswer, asData } from './fleet-answer.js';
import { madeUpAnswer } from './made-up.js';
import { unpackModules } from './modules.js';
import { TinyRegistry } from './tiny-registry.js';

const PAGE = readFileSync(path.join(__dirname, '../../../docs/integrating/questions.md'), 'utf8');
/** The commands of the page. */
const COMMANDS = [...PAGE.matchAll(/^klpreg (.+)$/gm)].map(([, words]) => words!);

/** Stand for the files that commands of the page name. */
const FILES: Readonly<Record<string, string>> = {
  './livepatch-lp-13.ko': path.join(unpackModules('7.3', ['lab_r_1v2_a']), 'lab_r_1v2_a.ko'),
  './lp-13.json': path.join(__dirname, '../package.json'),
};

test('the page has commands', () => expect(COMMANDS.length).toBeGreaterThan(7));

test.each(COMMANDS)('klpreg %s', async (words) => {
  const registry = await TinyRegistry.open(({ operation, body }) => ({
    body:
      operation === 'CanDowngrade'
        ? asData(fleetAnswer([]))
        : { data: madeUpAnswer((JSON.parse(body) as { query: string }).query, { text: 'x' }) },
  }));
  const { exit, err } = await klpreg(
    [
      ...words
        .replaceAll("'", '')
        .split(' ')
        .map((word) => FILES[word] ?? word),
      '--url',
      registry.url,
    ],
    {},
    // the page's instants lie in the past
    Object.assign(new TestEnvironment(), { time: Date.parse('2027-01-01T00:00:00Z') }),
  );
  await registry.close();
  // what the made-up answer says is not the page's
  expect([exit, err]).not.toEqual([2, expect.anything()]);
});
