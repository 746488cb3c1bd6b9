import { ask, listed, manifest, newer, older, statement } from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const fixing = (name: string, ...cves: string[]) => manifest(name, { 7: 1 }, { author: statement({ cves }) });

reasonTable('CVE_REOPENED', [
  [
    'what the target does not fix any more',
    { list: [fixing('newer', 'CVE-1', 'CVE-2')], to: fixing('older', 'CVE-1') },
    [{ kind: 'ADVISORY', patch: 'newer', detail: 'CVE-2' }],
  ],
  [
    'one that stays fixes it too',
    {
      list: [
        { ...fixing('stays', 'CVE-1'), replace: false },
        { ...fixing('goes', 'CVE-1', 'CVE-2'), replace: false },
      ],
      to: { kind: 'PATCH', patch: { ...fixing('stays', 'CVE-1'), replace: false }, leaving: ['goes'] },
      question: { routes: ['DISABLE'] },
    },
    [{ patch: 'goes', detail: 'CVE-2' }],
  ],
  ['the target fixes it too', { list: [fixing('newer', 'CVE-1')], to: fixing('older', 'CVE-1') }, []],
]);
reasonTable('DATA_SEMANTICS_NOT_PROVEN', [
  [
    'the file shows no state; what its functions do to data it cannot show',
    { list: [manifest('none')] },
    [{ kind: 'ADVISORY', patch: 'none' }],
  ],
  [
    'the running kernel shows no state, and the build is not published',
    {
      list: [
        listed(manifest('none'), {
          reading: { evidence: 'LIVE', replace: true, states: [], impact: 'NONE', callbacks: null },
        }),
      ],
    },
    [{ patch: 'none' }],
  ],
  [
    'its author says that nothing changes its meaning',
    { list: [manifest('none', {}, { author: statement({ impactNone: true }) })] },
    [],
  ],
  ['a patch that declares its states', {}, []],
]);
reasonTable('NOT_BOOT_PERSISTENT', [
  [
    'the next boot loads something else',
    { host: { boot: { kernelRelease: null, loads: [{ name: 'newer', buildId: 'id-of-newer' }] } } },
    [{ kind: 'ADVISORY', patch: 'older' }],
  ],
  [
    'the next boot loads the target',
    { host: { boot: { kernelRelease: null, loads: [{ name: 'older', buildId: 'id-of-older' }] } } },
    [],
  ],
  ['it is not known what the next boot loads', {}, []],
  [
    'what is only passed through on the way need not boot',
    {
      to: { kind: 'ORIGINAL' },
      catalog: { bridges: () => [manifest('bridge', { 7: 1 })] },
      host: { boot: { kernelRelease: null, loads: [] } },
      question: { routes: ['BRIDGE'] },
    },
    [],
  ],
]);

const refusing = (...unsupported: ('LOAD' | 'DISABLE' | 'REPLACE')[]) => ({
  author: statement({ unsupported }),
});
reasonTable('VENDOR_UNSUPPORTED', [
  [
    'the vendor does not support that it is replaced',
    { list: [manifest('newer', { 7: 1 }, refusing('REPLACE'))] },
    [{ kind: 'ADVISORY', patch: 'newer', detail: 'replacing it' }],
  ],
  [
    'the vendor does not support that it is loaded again',
    { to: manifest('older', { 7: 1 }, refusing('LOAD')) },
    [{ patch: 'older', detail: 'loading it' }],
  ],
  [
    'the vendor does not support that it is disabled',
    { list: [manifest('newer', { 7: 1 }, refusing('DISABLE'))], to: { kind: 'ORIGINAL' } },
    [{ patch: 'newer', detail: 'disabling it' }],
  ],
  ['another route does not do it', { list: [manifest('newer', { 7: 1 }, refusing('DISABLE'))] }, []],
  [
    'nothing is done',
    {
      list: [manifest('older', { 7: 1 }, refusing('LOAD', 'DISABLE', 'REPLACE'))],
      to: manifest('older', { 7: 1 }),
    },
    [],
  ],
  ['the vendor says nothing', {}, []],
]);

test('no advisory changes a verdict', () => {
  const advised = ask({
    list: [fixing('newer', 'CVE-1'), manifest('none', {}, { replace: false })],
    to: older,
    host: { boot: { kernelRelease: null, loads: [] } },
  });
  expect(advised.kind).toBe('SAFE');
  expect(advised.reasons.map((reason) => reason.code)).toEqual([
    'CVE_REOPENED',
    'DATA_SEMANTICS_NOT_PROVEN',
    'NOT_BOOT_PERSISTENT',
  ]);
  expect(ask({ list: [newer] }).reasons).toEqual([]);
});
