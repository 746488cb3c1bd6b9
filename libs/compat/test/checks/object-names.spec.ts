import { ask, manifest, older, promising } from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const spelled = (name: string, differs = {}) =>
  manifest(name, { 7: 1 }, { spellsVmlinux: true, patchesKernel: false, ...differs });
const byNull = (name: string, differs = {}) => manifest(name, { 7: 1 }, differs);

reasonTable('OBJECT_SPELLED_VMLINUX', [
  [
    'both in one patch',
    { list: [], to: spelled('older', { patchesKernel: true }) },
    [{ kind: 'REFUSED', errno: 'EEXIST', patch: 'older', clearedBy: 'AUTHOR' }],
  ],
  [
    'both in one patch that goes on top',
    {
      list: [],
      to: spelled('older', { patchesKernel: true, replace: false }),
      question: { routes: ['STACK'] },
    },
    [{ patch: 'older' }],
  ],
  [
    'a cumulative target spells it, the listed patch says NULL',
    { list: [byNull('newer')], to: spelled('older') },
    [{ patch: 'older', other: 'newer' }],
  ],
  [
    'a cumulative target says NULL, the listed patch spells it',
    { list: [spelled('newer')], to: byNull('older') },
    [{ patch: 'newer', other: 'older' }],
  ],
  [
    'a cumulative target has neither, two listed patches have one each',
    {
      list: [spelled('a', { replace: false }), byNull('b', { replace: false })],
      to: byNull('older', { functions: ['xfs:f,1'], patchesKernel: false }),
    },
    [{ patch: 'a', other: 'b' }],
  ],
  ['both spell it', { list: [spelled('newer')], to: spelled('older') }, []],
  ['both say NULL', {}, []],
  [
    'a target that goes on top adds no objects of others',
    { list: [byNull('newer')], to: spelled('older', { replace: false }), question: { routes: ['STACK'] } },
    [],
  ],
  [
    'the listed patch is disabled before',
    {
      list: [promising('p', { 8: 1 }, { spellsVmlinux: true, patchesKernel: false })],
      to: older,
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [],
  ],
  [
    'it is not known how the objects are named',
    { to: { ...older, spellsVmlinux: null, patchesKernel: null } },
    [],
  ],
]);

test('both in one patch: no other patch is named', () => {
  const { reasons } = ask({ list: [], to: spelled('older', { patchesKernel: true }) });
  expect(reasons.find(({ code }) => code === 'OBJECT_SPELLED_VMLINUX')).not.toHaveProperty('other');
});
