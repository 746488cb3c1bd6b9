import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { openModule } from '@klpreg/module';
import { make, readModules } from './modules.mjs';
import { getHeaders } from './packages.mjs';

/** Where a kernel tree keeps its test modules: the second since 6.10. */
const SOURCES = ['samples/livepatch', 'lib/livepatch', 'tools/testing/selftests/livepatch/test_modules'];
const SCRIPTS = 'tools/testing/selftests/livepatch';

/** Builds every module of the examples outside the kernel tree. */
function buildExamples(tree, headers, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = [];
  for (const source of SOURCES.map((name) => path.join(tree, name)).filter((name) => existsSync(name))) {
    for (const file of readdirSync(source).filter((name) => /\.[ch]$/.test(name))) {
      copyFileSync(path.join(source, file), path.join(folder, file));
      if (file.endsWith('.c')) names.push(file.slice(0, -2));
    }
  }
  if (names.length === 0)
    throw new Error(`${tree} has none of ${SOURCES.join(', ')}: is it the tree of a kernel?`);
  writeFileSync(path.join(folder, 'Makefile'), `obj-m := ${names.map((name) => `${name}.o`).join(' ')}\n`);
  make(headers, folder);
  return readModules(folder);
}

/**
 * What a line of a selftest becomes; null for what only reads or prints. `livepatches` are names of modules.
 */
function stepOf([verb, target, ...words], livepatches) {
  const isPatch = livepatches.has(target);
  const rest = [target, ...words].join(' ');
  switch (verb) {
    case 'load_lp':
      return `succeeds load ${rest}`;
    case 'load_lp_nowait':
      return `succeeds stalls load ${rest}`;
    case 'load_failing_mod':
      return isPatch ? `fails load ${rest}` : `insmod ${rest}`;
    case 'load_mod':
      return `insmod ${rest}`;
    case 'disable_lp':
      return `succeeds disable ${target}`;
    case 'unload_lp':
    case 'unload_mod':
      return isPatch ? `succeeds rmmod ${target}` : `remove ${target}`;
    case 'set_pre_patch_ret':
      return `parameter ${target} pre_patch_ret ${words[0]}`;
    case 'set_ftrace_enabled':
      return `set kernel.ftrace_enabled ${[target, ...words].at(-1)}`;
    default:
      return null;
  }
}

/** The tests of one script: those commands of `functions.sh` that load, remove or set something. */
function parseScript(file, livepatches) {
  const [variables, tests] = [new Map(), []];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const assigned = /^(MOD_\w+)=(\w+)$/.exec(line);
    if (assigned !== null) variables.set(assigned[1], assigned[2]);
    const title = /^start_test "(.*)"$/.exec(line)?.[1];
    if (title !== undefined) tests.push([`${path.basename(file)}: ${title}`, []]);
    const words = line.replaceAll(/\$\{?(MOD_\w+)\}?/g, (_, name) => variables.get(name) ?? '').split(' ');
    const step = /^[a-z]+_/.test(line) ? stepOf(words, livepatches) : null;
    if (step !== null && tests.length > 0) tests.at(-1)[1].push(step);
  }
  return tests.filter(([, steps]) => steps.length > 0);
}

/** Of these, every one is loaded over every other. */
const PAIRED = [
  'test_klp_state',
  'test_klp_state2',
  'test_klp_state3',
  'test_klp_livepatch',
  'livepatch-sample',
  'livepatch-callbacks-demo',
];

const pairs = (names) =>
  names.flatMap((a) =>
    names.filter((b) => b !== a).map((b) => [`${b} over ${a}`, [`load ${a}`, `load ${b}`]]),
  );

/** What `samples/livepatch` describes in its comments. */
const SAMPLES = [
  [
    'samples: shadow variables',
    [
      'insmod livepatch-shadow-mod',
      'load livepatch-shadow-fix1',
      'load livepatch-shadow-fix2',
      'disable livepatch_shadow_fix2',
      'disable livepatch_shadow_fix1',
      'remove livepatch_shadow_mod',
    ],
  ],
  [
    'samples: callbacks',
    [
      'load livepatch-callbacks-demo',
      'insmod livepatch-callbacks-mod',
      'disable livepatch_callbacks_demo',
      'remove livepatch_callbacks_mod',
    ],
  ],
  [
    'samples: pre_patch fails',
    [
      'insmod livepatch-callbacks-mod',
      'fails load livepatch-callbacks-demo pre_patch_ret=-19',
      'remove livepatch_callbacks_mod',
    ],
  ],
];

/**
 * Builds the kernel's own samples and selftests, and does with them what the selftests do.
 *
 * @param tree of a kernel; nothing in it is changed
 */
export async function runExamples({ release, tree, root, stageFor, runBoot, say }) {
  const headers = getHeaders(release, root, say);
  say(`Building the examples of ${tree}`);
  const modules = buildExamples(tree, headers, path.join(root, release, 'examples'));
  const livepatches = new Set();
  for (const [file, bytes] of modules)
    if ((await openModule(bytes)).livepatch) livepatches.add(file.slice(0, -3));
  say(`${modules.size} modules, ${livepatches.size} of them livepatches`);
  const scripts = readdirSync(path.join(tree, SCRIPTS)).filter((name) => /^test-.*\.sh$/.test(name));
  const selftests = scripts.flatMap((name) => parseScript(path.join(tree, SCRIPTS, name), livepatches));
  const scenarios = [...selftests, ...SAMPLES, ...pairs(PAIRED.filter((name) => livepatches.has(name)))];
  const witness = [['every module alone', [...livepatches].map((name) => `show ${name}`)]];
  const stage = await stageFor(release, modules, false);
  const boots = [
    ['examples-witness-1', witness],
    ['examples-witness-2', witness],
    ['examples', scenarios],
  ];
  const results = [];
  for (const [name, of] of boots)
    results.push(...(await runBoot({ name, cmdline: '', scenarios: of }, release, stage)));
  return results;
}
