// npm run check:kernel: does the kernel do what we predict? See README.md.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Catalog } from './catalog.mjs';
import { runExamples } from './examples.mjs';
import { Guest } from './guest.mjs';
import { Host } from './host.mjs';
import { makeInitramfs } from './initramfs.mjs';
import { buildInit, getForeign, getModules } from './modules.mjs';
import { getHeaders, getImage, installMissing, newestRelease, releaseBefore } from './packages.mjs';
import { BOOTS, FOREIGN } from './scenarios.mjs';
import { Session } from './session.mjs';
import { summarise } from './summary.mjs';

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    boot: { type: 'string', multiple: true },
    scenario: { type: 'string' },
    examples: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});

const ROOT = path.join(import.meta.dirname, '../../../.data/check-kernel');
const say = (text) => console.log(text);
const tell = values.quiet
  ? (text) => (text.startsWith('WRONG') || text.startsWith('  ') ? say(text) : undefined)
  : say;

const journal = {
  predictions: path.join(ROOT, 'predictions.jsonl'),
  results: path.join(ROOT, 'results.jsonl'),
};

/** Puts the modules where the guest, the agent and the catalog find them. */
async function publish(modules, folder, author) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [catalog, manifests] = [new Catalog(), new Map()];
  for (const [name, bytes] of modules) {
    writeFileSync(path.join(folder, name), bytes);
    if (name !== 'lab_target.ko') manifests.set(name, await catalog.publish(bytes, author));
  }
  return { catalog, manifests };
}

/** Boots a kernel and works through the scenarios. */
async function runBoot({ name, cmdline, scenarios }, release, stage) {
  const folder = path.join(ROOT, 'boots', `${release}-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say(`Booting ${release}: ${name}`);
  const kernel = getImage(release, ROOT, say);
  const guest = await Guest.boot({
    kernel,
    initramfs: stage.initramfs,
    cmdline,
    console: path.join(folder, 'console'),
  });
  try {
    const host = new Host({
      guest,
      name: `${release}-${name}`,
      folder: path.join(folder, 'host'),
      modules: stage.folder,
      cache: path.join(ROOT, release, 'fixed'),
    });
    await host.start(say);
    const session = new Session({ ...stage, guest, host, kernel: release, boot: name, journal, say: tell });
    for (const [title, lines] of scenarios.filter(
      ([title]) => values.scenario === undefined || title.includes(values.scenario),
    ))
      await session.scenario(title, lines);
    return session.results;
  } finally {
    await guest.stop();
  }
}

/** Everything about one kernel; `modules` by file name, with or without statements of their `author`. */
async function stageFor(release, modules, author) {
  const folder = path.join(ROOT, release, 'published');
  const published = await publish(modules, folder, author);
  const initramfs = path.join(ROOT, release, 'initramfs');
  writeFileSync(initramfs, makeInitramfs(buildInit(ROOT), modules));
  return { ...published, folder, initramfs };
}

async function checkKernel(release) {
  const headers = getHeaders(release, ROOT, say);
  const { modules, captured } = getModules(release, headers, path.join(ROOT, release, 'modules'), say);
  say(
    captured
      ? 'The captured modules are of this kernel'
      : 'The captured modules are of another kernel: they were built from the same source',
  );
  const stage = await stageFor(
    release,
    new Map([...modules, ...getForeign(path.join(ROOT, release, 'modules'), FOREIGN)]),
    true,
  );
  const results = [];
  for (const boot of BOOTS.filter(({ name }) => values.boot === undefined || values.boot.includes(name))) {
    const on = boot.release === 'BEFORE' ? releaseBefore(release) : release;
    if (on !== null) results.push(...(await runBoot(boot, on, stage)));
  }
  return results;
}

const started = Date.now();
installMissing(say);
mkdirSync(ROOT, { recursive: true });
for (const file of Object.values(journal)) rmSync(file, { force: true });
const results = [];
for (const series of values.kernel ?? (values.examples === undefined ? ['6.1', '6.12'] : ['6.1'])) {
  const release = newestRelease(series);
  if (release === null) say(`apt offers no cloud kernel ${series}`);
  else if (values.examples === undefined) results.push(...(await checkKernel(release)));
  else
    results.push(
      ...(await runExamples({ release, tree: values.examples, root: ROOT, stageFor, runBoot, say })),
    );
}
process.exitCode = summarise(results, Math.round((Date.now() - started) / 1000), say);
