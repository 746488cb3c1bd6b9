import { explain } from '../../src/index.js';
import {
  type Asked,
  ask,
  capabilities,
  leftover,
  manifest,
  newer,
  older,
  promising,
} from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const gates = (differs: {
  modulesDisabled?: boolean | null;
  ftraceEnabled?: boolean | null;
}): Asked['host'] => ({
  gates: { modulesDisabled: false, ftraceEnabled: true, ...differs },
});
const locked = { host: gates({ modulesDisabled: true }) };
const noFtrace = { host: gates({ ftraceEnabled: false }) };
const restores = promising('p', { 7: 1 });

reasonTable('MODULES_DISABLED', [
  ['a route that loads', locked, [{ kind: 'REFUSED', errno: 'EPERM', patch: 'older', clearedBy: 'REBOOT' }]],
  [
    'a route that disables, removes and loads',
    {
      ...locked,
      list: [promising('older', { 7: 1 }, { buildId: 'another-build' })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [{ errno: 'EPERM' }],
  ],
  ['a route that only disables', { ...locked, list: [restores], to: { kind: 'ORIGINAL' } }, []],
  ['nothing is to be done', { ...locked, list: [older] }, []],
  [
    'a reboot starts with modules allowed',
    {
      host: {
        ...locked.host,
        boot: { kernelRelease: newer.kernelRelease, loads: [{ name: 'older', buildId: 'id-of-older' }] },
      },
      question: { routes: ['REBOOT'] },
    },
    [],
  ],
  ['modules are allowed', {}, []],
]);

test('where modules cannot be removed, the module that is still loaded calls for a reboot', () => {
  const still = { leftovers: [leftover(older)] };
  const reason = (host: Asked['host']) =>
    ask({ host: { ...still, ...host } }).reasons.find(({ code }) => code === 'MODULE_STILL_LOADED')!;
  expect(reason(locked.host)).toMatchObject({ clearedBy: 'REBOOT' });
  expect(explain(reason(locked.host))).toMatch(/reboot to free the name/);
  expect(explain(reason({}))).toMatch(
    /remove it to free the name, which restores nothing that the patch changed/,
  );
});

test('disabling stays safe where modules are disabled', () =>
  expect(ask({ ...locked, list: [restores], to: { kind: 'ORIGINAL' } })).toMatchObject({
    kind: 'SAFE',
    route: 'DISABLE',
  }));

reasonTable('HOST_GATES_UNKNOWN', [
  [
    'modules_disabled is not reported',
    { host: gates({ modulesDisabled: null }) },
    [{ kind: 'UNKNOWN', clearedBy: 'REPORT', detail: 'kernel.modules_disabled not reported' }],
  ],
  [
    'ftrace_enabled is not reported',
    { host: gates({ ftraceEnabled: null }) },
    [{ detail: 'kernel.ftrace_enabled not reported' }],
  ],
  [
    'neither enforcement nor lockdown is reported',
    { host: { capabilities: capabilities({ signatureEnforced: null, lockdown: null }) } },
    [{ detail: 'module.sig_enforce, lockdown not reported' }],
  ],
  [
    'a route that only disables',
    { host: gates({ modulesDisabled: null }), list: [restores], to: { kind: 'ORIGINAL' } },
    [],
  ],
  ['all are reported', {}, []],
  [
    'ftrace is off, and only a module is patched that may not be loaded',
    { ...noFtrace, to: manifest('older', { 7: 1 }, { functions: ['xfs:f,1'] }) },
    [
      {
        patch: 'older',
        detail:
          'kernel.ftrace_enabled is 0, and it is not known whether an object that older patches is loaded',
      },
    ],
  ],
  [
    'ftrace is off, and it is not known what is patched',
    { ...noFtrace, to: manifest('older', { 7: 1 }, { functions: null }) },
    [{ patch: 'older' }],
  ],
  ['ftrace is off, and nothing is patched', { ...noFtrace, to: { ...older, functions: [] } }, []],
  [
    'ftrace is off on a kernel that no rules describe',
    {
      ...noFtrace,
      list: [],
      to: { ...older, kernelRelease: '4.18.0' },
      host: { ...noFtrace.host, kernelRelease: '4.18.0', capabilities: capabilities({ symbols: null }) },
    },
    [{ detail: 'kernel.ftrace_enabled is 0, and this kernel may accept the patch without ever running it' }],
  ],
  [
    'ftrace is off on a kernel that does not yet refuse then',
    {
      list: [{ ...newer, kernelRelease: '5.4.0' }],
      to: { ...older, kernelRelease: '5.4.0' },
      host: {
        ...noFtrace.host,
        kernelRelease: '5.4.0',
        capabilities: capabilities({ symbols: ['klp_enable_patch'] }),
      },
    },
    [{ detail: 'kernel.ftrace_enabled is 0, and this kernel may accept the patch without ever running it' }],
  ],
]);

reasonTable('FTRACE_DISABLED', [
  [
    'the target patches the kernel itself',
    noFtrace,
    [{ kind: 'REFUSED', errno: 'EBUSY', patch: 'older', clearedBy: 'REPORT' }],
  ],
  [
    'the target patches the kernel and a module',
    { ...noFtrace, to: { ...older, functions: ['xfs:f,1', 'vmlinux:g,1'] } },
    [{ patch: 'older' }],
  ],
  ['the target patches nothing', { ...noFtrace, to: manifest('older', { 7: 1 }, { functions: [] }) }, []],
  ['a route that only disables', { ...noFtrace, list: [restores], to: { kind: 'ORIGINAL' } }, []],
  [
    'this kernel may not have the check',
    {
      ...noFtrace,
      host: { ...noFtrace.host, kernelRelease: '5.4.0', capabilities: capabilities({ symbols: null }) },
    },
    [],
  ],
  ['ftrace is on', {}, []],
  [
    'an object named vmlinux by a string is not the kernel',
    { ...noFtrace, list: [], to: { ...older, spellsVmlinux: true, patchesKernel: false } },
    [],
  ],
]);
