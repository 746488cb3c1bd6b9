import { readModule, type ModuleReading } from '../src/index.js';
import { KERNELS, readCaptured, readCapturedModule } from './captured.js';

/**
 * Modules whose declaration is made or changed at run time, or
 * twice; whatever their C source says, their file does not tell.
 */
const UNREADABLE: Readonly<Record<string, string>> = {
  lab_two: 'TWO_CANDIDATES',
  lab_param: 'CHANGED_AT_RUN_TIME',
  lab_r_1v1_dyn: 'NO_CANDIDATE',
  lab_n_1v1_dyn: 'NO_CANDIDATE',
};

describe.each(KERNELS)('modules built for Linux %s', (kernel) => {
  const { files, declared } = readCaptured(kernel);

  test('there are 111 livepatches', () => expect(declared).toHaveLength(111));

  test.each(
    declared.filter(({ name }) => !(name in UNREADABLE)).map((module) => [module.name, module] as const),
  )('%s reads as its C source says', (_, module) => {
    const reading = readModule(files.get(module.file)!);
    const end = module.states.findIndex(({ id }) => id === '0');
    const seen = end < 0 ? module.states : module.states.slice(0, end);
    expect(reading).toMatchObject({
      name: module.name,
      builder: 'STATIC',
      replace: module.replace,
      states: seen.map(({ id, version }) => ({ id: BigInt(id), version })),
      shadowedStates:
        end < 0 ? [] : module.states.slice(end).map(({ id, version }) => ({ id: BigInt(id), version })),
      unreadable: null,
      rewritesEarlierStates: false,
      livepatch: module.name !== 'lab_noinfo',
      arch: 'x86_64',
      signed: false,
    });
    expect(reading.objects).toEqual(expectedObjects(module.knobs));
  });

  test.each(Object.entries(UNREADABLE))('%s does not tell: %s', (name, code) => {
    expect(readModule(files.get(`${name}.ko`)!)).toMatchObject({
      states: null,
      replace: null,
      unreadable: { code },
      impact: 'UNREADABLE',
      livepatch: true,
    });
  });

  test('a module that is no livepatch says so', () => {
    expect(readModule(files.get('lab_target.ko')!)).toMatchObject({
      name: 'lab_target',
      livepatch: false,
      states: null,
      objects: null,
      builder: 'UNKNOWN',
      unreadable: { code: 'NOT_A_LIVEPATCH' },
    });
  });

  test('build-ids tell all modules apart, srcversions do not', () => {
    const readings = [...files]
      .filter(([name]) => name.endsWith('.ko'))
      .map(([, bytes]) => readModule(bytes));
    expect(new Set(readings.map(({ buildId }) => buildId)).size).toBe(readings.length);
    expect(readings.every(({ buildId }) => /^[0-9a-f]{40}$/.test(buildId!))).toBe(true);
    expect(new Set(readings.map(({ srcversion }) => srcversion)).size).toBeLessThan(readings.length);
  });

  test.each<[sentence: string, name: string, impact: ModuleReading['impact'], reasons: RegExp[]]>([
    ['no states, no callbacks and quiet init code change nothing', 'lab_r_s0_a', 'NONE', []],
    ['an empty array is no state', 'lab_n_empty_a', 'NONE', []],
    ['states behind an id 0 are a doubt', 'lab_n_z5_a', 'UNDECLARED', [/^STATES_HIDDEN: /]],
    ['states are declared', 'lab_r_1v1_cb', 'DECLARED', []],
    ['an unreadable declaration is not NONE', 'lab_param', 'UNREADABLE', [/^CHANGED_AT_RUN_TIME: /]],
  ])('impact: %s', (_, name, impact, reasons) => {
    const reading = readModule(files.get(`${name}.ko`)!);
    expect(reading.impact).toBe(impact);
    expect(reading.impactReasons).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  });
});

test('callbacks are read', () => {
  expect(
    readModule(readCapturedModule('7.3', 'lab_r_1v1_cb')).objects?.map(({ callbacks }) => callbacks),
  ).toEqual(
    Array.from({ length: 2 }, () => ({
      prePatch: true,
      postPatch: true,
      preUnpatch: true,
      postUnpatch: true,
    })),
  );
});

test('a dash in the file name is an underscore in the module name', () => {
  expect(readModule(readCaptured('6.1').files.get('lab-dash-name.ko')!).name).toBe('lab_dash_name');
});

test('symbol versions and the kernel release are read', () => {
  expect(readModule(readCapturedModule('6.1', 'lab_r_s0_a'))).toMatchObject({
    modversions: true,
    kernelRelease: '6.1.0-56-cloud-amd64',
    version: '1.0',
  });
  expect(readModule(readCapturedModule('7.3', 'lab_r_s0_a'))).toMatchObject({
    kernelRelease: '7.3.4+deb13-cloud-amd64',
  });
});

/** The objects that lab_patch.inc.c makes of its knobs. */
function expectedObjects(knobs: Readonly<Record<string, string>>) {
  const knob = (name: string) => Number(knobs[name] ?? 0);
  const set = knob('CB') > 0;
  const callbacks = { prePatch: set, postPatch: set, preUnpatch: set, postUnpatch: set };
  const none = { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false };
  const func = (name: string, sympos = 0) => ({ name, sympos: BigInt(sympos) });
  const objects = [];
  const vm = [
    ...(knob('VM') & 1 ? [func('cmdline_proc_show')] : []),
    ...(knob('VM') & 2 ? [func('version_proc_show')] : []),
    ...(knob('VM') & 4 ? [func('loadavg_proc_show', 1)] : []),
    ...('EXTRA_VM' in knobs ? [func(knobs['EXTRA_VM'].replaceAll('"', ''), knob('EXTRA_POS'))] : []),
    ...(knob('DUPFUNC') ? [func('cmdline_proc_show', 1)] : []),
  ];
  if (vm.length > 0)
    objects.push({ name: 'vmlinux', spelled: knob('NAMED_VM') ? 'vmlinux' : null, functions: vm, callbacks });
  if (knob('DUPOBJ'))
    objects.push({ name: 'vmlinux', spelled: null, functions: [func('uptime_proc_show')], callbacks: none });
  const target = [
    ...(knob('TGT') & 1 ? [func('lab_target_show')] : []),
    ...(knob('TGT') & 2 ? [func('lab_gate_sleep')] : []),
    ...(knob('TGT_BADFN') ? [func('lab_no_such_function')] : []),
  ];
  const module = (name: string) => ({ name, spelled: name });
  if (target.length > 0)
    objects.push({
      ...module((knobs['TGT_NAME'] ?? 'lab_target').replaceAll('"', '')),
      functions: target,
      callbacks,
    });
  if (knob('ABSENT'))
    objects.push({ ...module('lab_absent'), functions: [func('lab_absent_fn')], callbacks });
  if (knob('NOFUNCS')) objects.push({ ...module('lab_target'), functions: [], callbacks: none });
  return objects;
}
