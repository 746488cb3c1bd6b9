import type { LoadSighting, ModuleFile } from '../../src/index.js';
import {
  type Asked,
  ask,
  capabilities,
  listed,
  manifest,
  newer,
  sightings,
} from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const unsigned: ModuleFile = { sha256: 'sha-of-unsigned', signed: false, signer: null };
const signed: ModuleFile = { sha256: 'sha-of-signed', signed: true, signer: 'key-1' };
const target = (...files: ModuleFile[]) => manifest('older', { 7: 1 }, { files });
const host = (probed: Parameters<typeof capabilities>[0]): Asked['host'] => ({
  capabilities: capabilities(probed),
});
const enforcing = host({ signatureEnforced: true });
const lockedDown = host({ lockdown: 'integrity' });
const notReported = host({ signatureEnforced: null });
const showing = (differs: Partial<LoadSighting>): Asked['catalog'] => {
  const seen = sightings(target(signed), differs);
  return { sightings: () => seen };
};

/** A listed patch whose module was signed by this key, from a published file. */
const verified = (
  signer: string | null,
  differs: { moduleTaint?: string | null; file?: string | null } = {},
): Pick<Asked, 'list' | 'published'> => ({
  list: [listed(newer, { moduleTaint: 'OK', file: 'sha-of-newer', ...differs })],
  published: [{ ...newer, files: [{ sha256: 'sha-of-newer', signed: signer !== null, signer }] }],
});

reasonTable('SIGNATURE_REQUIRED', [
  [
    'enforced, and the file is unsigned',
    { to: target(unsigned), host: enforcing },
    [{ kind: 'REFUSED', errno: 'EKEYREJECTED', patch: 'older' }],
  ],
  ['locked down alone', { to: target(unsigned), host: lockedDown }, [{ errno: 'EPERM' }]],
  [
    'locked down for confidentiality',
    { to: target(unsigned), host: host({ lockdown: 'confidentiality' }) },
    [{ errno: 'EPERM' }],
  ],
  [
    'both',
    { to: target(unsigned), host: host({ signatureEnforced: true, lockdown: 'integrity' }) },
    [{ errno: 'EKEYREJECTED' }],
  ],
  [
    'no host that loaded it clears that',
    { to: target(unsigned), host: enforcing, catalog: { sightings: () => sightings(target(unsigned)) } },
    [{}],
  ],
  ['another file of the build is signed', { to: target(unsigned, signed), host: enforcing }, []],
  ['also if the signed file comes first', { to: target(signed, unsigned), host: enforcing }, []],
  [
    'it is not known whether the kernel is locked down',
    { to: target(unsigned), host: host({ lockdown: null }) },
    [],
  ],
  ['it is not known whether there is a signed file', { to: target(), host: enforcing }, []],
  ['it is not known whether signatures are enforced', { to: target(unsigned), host: notReported }, []],
  ['nothing is enforced', { to: target(unsigned) }, []],
]);

reasonTable('SIGNATURE_UNVERIFIED', [
  [
    'enforced, and the key was not seen on this host',
    { to: target(signed), host: enforcing },
    [{ kind: 'UNKNOWN', patch: 'older', clearedBy: 'REPORT' }],
  ],
  ['locked down', { to: target(signed), host: lockedDown }, [{ patch: 'older' }]],
  [
    'a load on other machines proves nothing here: keys differ',
    { to: target(signed), host: enforcing, catalog: showing({ verified: true }) },
    [{}],
  ],
  [
    'a listed module of this boot was verified by the same key',
    { ...verified('key-1'), to: target(signed), host: enforcing },
    [],
  ],
  [
    'of two files of the listed module, the one that was loaded was signed by that key',
    {
      ...verified('key-1'),
      published: [{ ...newer, files: [unsigned, { ...signed, sha256: 'sha-of-newer' }] }],
      to: target(signed),
      host: enforcing,
    },
    [],
  ],
  [
    'no module is listed that could show it',
    { list: [], to: target(signed), host: enforcing },
    [{ patch: 'older' }],
  ],
  [
    'a listed module was verified by another key',
    { ...verified('key-2'), to: target(signed), host: enforcing },
    [{}],
  ],
  [
    'a listed module was loaded unverified',
    { ...verified('key-1', { moduleTaint: 'OEK' }), to: target(signed), host: enforcing },
    [{}],
  ],
  [
    'the taint of the listed module is not reported',
    { ...verified('key-1', { moduleTaint: null }), to: target(signed), host: enforcing },
    [{}],
  ],
  [
    'the file of the listed module is not known',
    { ...verified('key-1', { file: null }), to: target(signed), host: enforcing },
    [{}],
  ],
  [
    'the listed module was loaded from a file that was not published',
    { ...verified('key-1', { file: 'other' }), to: target(signed), host: enforcing },
    [{}],
  ],
  [
    'the signer of the file cannot be read',
    { ...verified(null), to: target({ ...signed, signer: null }), host: enforcing },
    [{}],
  ],
  [
    'nor can that of the file of the listed module, which was verified',
    {
      ...verified(null),
      published: [{ ...newer, files: [{ sha256: 'sha-of-newer', signed: true, signer: null }] }],
      to: target({ ...signed, signer: null }),
      host: enforcing,
    },
    [{}],
  ],
  [
    'the listed module is not published',
    { ...verified('key-1'), published: [], to: target(signed), host: enforcing },
    [{}],
  ],
  [
    'the fleet shares its keys, and two machines verified the same file',
    {
      to: target(signed),
      host: enforcing,
      catalog: showing({ verified: true }),
      question: { sharedSigningKeys: true },
    },
    [],
  ],
  [
    'the fleet shares its keys, and two machines loaded it without verifying it',
    {
      to: target(signed),
      host: enforcing,
      catalog: showing({ verified: false }),
      question: { sharedSigningKeys: true },
    },
    [{}],
  ],
  [
    'the fleet shares its keys, and two machines verified another file of the build',
    {
      to: target(signed),
      host: enforcing,
      catalog: showing({ verified: true, file: 'other' }),
      question: { sharedSigningKeys: true },
    },
    [{}],
  ],
  [
    'the fleet shares its keys, and one machine verified it',
    {
      to: target(signed),
      host: enforcing,
      catalog: showing({ verified: true, machine: 'one' }),
      question: { sharedSigningKeys: true },
    },
    [{}],
  ],
  ['nothing is enforced, and the file is unsigned', { to: target(unsigned) }, []],
  [
    'nothing is enforced, and two machines loaded the same signed file',
    { to: target(signed), catalog: showing({}) },
    [],
  ],
  [
    'nothing is enforced, and a signed file was never loaded: a broken signature is refused all the same',
    { to: target(signed), catalog: showing({ file: 'other' }) },
    [{}],
  ],
  [
    'nothing is enforced, and one machine loaded it',
    { to: target(signed), catalog: showing({ machine: 'one' }) },
    [{}],
  ],
  [
    'it is not known whether signatures are enforced, and the file is unsigned',
    { to: target(unsigned), host: notReported },
    [{}],
  ],
  [
    'it is not known whether the kernel is locked down, and the file is unsigned',
    { to: target(unsigned), host: host({ lockdown: null }) },
    [{}],
  ],
  ['enforced, and only facts were published', { to: target(), host: enforcing }, [{}]],
  ['nothing is enforced, and only facts were published', { to: target() }, [{}]],
]);

test.each<[sentence: string, asked: Asked]>([
  ['this host verified', { ...verified('key-1'), catalog: showing({}) }],
  [
    'other machines with the same keys verified',
    { catalog: showing({ verified: true }), question: { sharedSigningKeys: true } },
  ],
])('an enforced signature that %s is safe', (_, asked) =>
  expect(ask({ ...asked, to: target(signed), host: enforcing })).toMatchObject({ kind: 'SAFE' }),
);

test.each<[sentence: string, files: ModuleFile[], asked: Asked, sha256: string | null]>([
  ['the only file of the build', [signed], {}, 'sha-of-signed'],
  ['the only file, also if its signature is not verified', [signed], { host: enforcing }, 'sha-of-signed'],
  [
    'the unsigned file, if nothing is enforced and the signed one was not seen',
    [signed, unsigned],
    {},
    'sha-of-unsigned',
  ],
  [
    'the signed file, if signatures are enforced',
    [unsigned, signed],
    { ...verified('key-1'), host: enforcing },
    'sha-of-signed',
  ],
  [
    'the signed file, if nothing is enforced and two machines loaded it',
    [signed, unsigned],
    { catalog: showing({}) },
    'sha-of-signed',
  ],
  [
    'the unsigned file, if nothing is enforced and no sighting can be asked for',
    [signed, unsigned],
    { catalog: { sightings: undefined } },
    'sha-of-unsigned',
  ],
  ['no file, if none of several is known to be accepted', [unsigned, signed], { host: enforcing }, null],
  ['no file, if only facts were published', [], {}, null],
])('a LOAD step, and no other, names %s', (_, files, asked, sha256) => {
  const { steps } = ask({ catalog: { sightings: () => [] }, ...asked, to: target(...files) });
  expect(steps).toEqual([
    { action: 'LOAD', patch: 'older', buildId: 'id-of-older', sha256 },
    { action: 'WAIT', patch: 'older' },
  ]);
});
