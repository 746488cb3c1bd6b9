import { explain, kindOf } from '../../src/index.js';
import { type Asked, ask, listed, manifest, newer, older, statement } from '../../src/testing/index.js';
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

const ADVISED = {
  list: [fixing('newer', 'CVE-1'), manifest('none', {}, { replace: false })],
  host: { boot: { kernelRelease: null, loads: [] } },
};
const CODES = ['CVE_REOPENED', 'DATA_SEMANTICS_NOT_PROVEN', 'NOT_BOOT_PERSISTENT'];

test.each(CODES)('a policy raises %s to UNSAFE, and leaves the other advisories as they are', (code) => {
  const { kind, harmful, accepted, errno, reasons } = ask({ ...ADVISED, question: { raise: [code] } });
  expect({ kind, harmful, accepted, errno }).toEqual({
    kind: 'UNSAFE',
    harmful: true,
    accepted: false,
    errno: null,
  });
  expect(reasons.map((reason) => [reason.code, kindOf(reason)])).toEqual(
    CODES.map((other) => [other, other === code ? 'UNSAFE' : 'ADVISORY']),
  );
  const raised = reasons.filter((reason) => explain(reason).endsWith('; the policy counts this as UNSAFE'));
  expect(raised.map((reason) => reason.code)).toEqual([code]);
});

test('an advisory that a policy raised cannot be allowed', () => {
  const { kind, allowed, accepted } = ask({ ...ADVISED, question: { raise: CODES, allow: CODES } });
  expect({ kind, allowed, accepted }).toEqual({ kind: 'UNSAFE', allowed: [], accepted: false });
});

test('a policy raises advisories alone', () => {
  const refused = { list: [manifest('newer', { 7: 1, 8: 1 })] };
  const raise = ['STATE_MISSING_IN_TARGET', 'SYMBOLS_UNVERIFIED'];
  expect(ask({ ...refused, question: { raise } })).toEqual(ask(refused));
  expect(ask(refused).kind).toBe('REFUSED');
});

test.each([
  ['is SAFE without a policy that asks for it', {}, 'SAFE'],
  ['is UNKNOWN for a policy that raises NOT_BOOT_PERSISTENT', { raise: ['NOT_BOOT_PERSISTENT'] }, 'UNKNOWN'],
  ['is SAFE for a policy that raises another advisory', { raise: ['CVE_REOPENED'] }, 'SAFE'],
])('a host that does not report what the next boot loads %s', (_, question, kind) => {
  expect(ask({ question }).kind).toBe(kind);
});

test('where nothing is loaded, the next boot is not asked about', () => {
  expect(ask({ to: newer, question: { raise: ['NOT_BOOT_PERSISTENT'] } }).kind).toBe('SAFE');
});

test('a policy that raises an advisory takes another route if that has none', () => {
  const author = statement({ unsupported: ['DISABLE'], impactNone: true });
  const asked: Asked = {
    list: [manifest('none', {}, { author })],
    to: { kind: 'ORIGINAL' },
    host: { boot: { kernelRelease: '6.12.95+deb13-amd64', loads: [] } },
  };
  const routes = ['DISABLE', 'REBOOT'] as const;
  expect(ask({ ...asked, question: { routes } })).toMatchObject({ kind: 'SAFE', route: 'DISABLE' });
  const raised = ask({ ...asked, question: { routes, raise: ['VENDOR_UNSUPPORTED'] } });
  expect(raised).toMatchObject({ kind: 'SAFE', route: 'REBOOT' });
});
