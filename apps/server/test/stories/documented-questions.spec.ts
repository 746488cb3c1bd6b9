import { readFileSync } from 'node:fs';
import path from 'node:path';
import { VerdictSums } from '../../src/query/verdict-sums.js';
import { idle, later, listed, logged, Registry, running } from '../registry.js';

const PAGE = readFileSync(path.join(__dirname, '../../../../docs/integrating/questions.md'), 'utf8');
/** The documents of the page, each with the question above it. */
const DOCUMENTS = [...PAGE.matchAll(/```graphql\n([^]*?)```/g)].map(([, document = ''], i) => {
  const before = PAGE.slice(0, PAGE.indexOf(document));
  const question = [...before.matchAll(/^\*\*([^*]+)\*\*|^## (.+)/gm)].at(-1)!;
  return [(question[1] ?? question[2])!.replaceAll('\n', ' '), i, document] as const;
});

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_HISTORY_LABEL: 'tier' });
  for (const [name, release] of [
    ['lab_r_1v1_a', 'lp-10'],
    ['lab_r_1v2_a', 'lp-12'],
    ['lab_r_1v1_2v1_a', 'lp-13'],
  ] as const)
    await registry.publish(name, { release });
  const labels = { role: 'web', rack: 'r17', tier: 'gold' };
  await registry.report(logged(running('db-041', ['lab_r_1v1_a'], { host: { labels } } as never)));
  await registry.report(logged(running('web-1', ['lab_r_1v2_a'], { host: { labels } } as never)));
  await registry.report(logged(idle('plain')));
  const entering = idle('entering', { livepatches: [listed('lab_r_1v2_a', { transition: true })] });
  await registry.report(entering);
  registry.wait(1, 'hours');
  await registry.report(later(entering));
  await registry.app.get(VerdictSums).storeMissing();
});
afterAll(() => registry.stop());

test('the page has a document for most questions', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(15);
});

test.each(DOCUMENTS)('%s (document %i)', async (_question, _i, document) => {
  const data = await registry.ask<Record<string, unknown>>(document);
  for (const answer of Object.values(data)) {
    expect(answer).not.toBeNull();
    expect(JSON.stringify(answer)).toMatch(/"\w+":(?:\d|"|true|false|\[)/);
  }
});
