import { contradictionsOf, type ListedPatch, type Manifest, type Situation } from '../../src/index.js';
import { ask, capabilities, listed, manifest, newer, running } from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const top = manifest('top', { 7: 1 });
const noSupport = capabilities({ livepatch: false });

reasonTable('REPORT_INCOMPLETE', [
  [
    'an attribute could not be read',
    { host: { unread: ['transition of newer'] } },
    [{ kind: 'UNKNOWN', clearedBy: 'REPORT', detail: 'transition of newer' }],
  ],
  [
    'of many the first five are named',
    { host: { unread: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] } },
    [{ detail: 'a, b, c, d, e and 2 more' }],
  ],
  ['five are all named', { host: { unread: ['a', 'b', 'c', 'd', 'e'] } }, [{ detail: 'a, b, c, d, e' }]],
  ['everything was read', {}, []],
]);

reasonTable('REPORT_CONTRADICTORY', [
  [
    'a patch is listed, and taint K is not set',
    { host: { tainted: false } },
    [{ kind: 'UNKNOWN', detail: 'newer is listed, but taint K is not set' }],
  ],
  [
    'taint K is set, and the kernel has no livepatch support',
    { list: [], host: { tainted: true, capabilities: noSupport } },
    [{}],
  ],
  [
    'another live patching system set it',
    { list: [], host: { tainted: true, capabilities: noSupport, otherLivePatching: ['kpatch'] } },
    [],
  ],
  [
    'a cumulative patch has settled above another, by sysfs',
    { list: [newer, listed(top)], published: [top] },
    [{ detail: 'top is cumulative and settled, but not alone on the list' }],
  ],
  [
    'both: each is named',
    { list: [newer, listed(top)], published: [top], host: { tainted: false } },
    [
      {
        detail:
          'newer is listed, but taint K is not set; top is cumulative and settled, but not alone on the list',
      },
    ],
  ],
  ['it is still in transition', { list: [newer, listed(top, { transition: true })], published: [top] }, []],
  ['sysfs does not show the flag', { list: [newer, listed(top, { replace: null })], published: [top] }, []],
  [
    'it is at the bottom',
    {
      list: [newer, listed(manifest('above', {}, { replace: false }))],
      published: [manifest('above', {}, { replace: false })],
    },
    [],
  ],
  [
    'what is only still there, is not listed',
    {
      list: [listed(newer, { enabled: false }), listed(top)],
      published: [newer, top],
      host: { tainted: true },
    },
    [],
  ],
  [
    'a directory that is going away needs no taint',
    { list: [listed(newer, { enabled: false })], published: [newer], host: { tainted: false } },
    [],
  ],
  ['the taint is not reported', { host: { tainted: null } }, []],
]);

reasonTable('OTHER_LIVE_PATCHING', [
  [
    'another system was seen',
    { host: { otherLivePatching: ['kpatch', 'kcare'] } },
    [{ kind: 'UNKNOWN', clearedBy: 'REBOOT', detail: 'kpatch, kcare' }],
  ],
  [
    'even for the original code',
    { list: [], to: { kind: 'ORIGINAL' }, host: { otherLivePatching: ['kpatch'] } },
    [{}],
  ],
  ['none was seen', {}, []],
]);

test('each of them puts the facts in doubt: the rest is as last seen', () => {
  for (const host of [{ unread: ['modules'] }, { tainted: false }, { otherLivePatching: ['kgraft'] }])
    expect(ask({ host, list: [manifest('newer', { 7: 2 })] })).toMatchObject({
      kind: 'UNKNOWN',
      basedOnStaleFacts: true,
    });
});

test.each<[sentence: string, patch: Manifest, differs: Partial<ListedPatch>, conflicts: string[]]>([
  ['it is cumulative by its file, and settled', top, {}, ['top']],
  ['it is cumulative by its file, and in transition', top, { transition: true }, []],
  ['it is not cumulative by its file', { ...top, replace: false }, {}, []],
  ['sysfs shows the flag, so that the report itself is wrong', top, { replace: true }, []],
])('sources in conflict about a patch above another: %s', (_, patch, differs, conflicts) => {
  const { reasons } = ask({
    list: [newer, listed(patch, { replace: null, ...differs })],
    published: [patch],
  });
  expect(reasons.filter(({ code }) => code === 'EVIDENCE_CONFLICT')).toMatchObject(
    conflicts.map((name) => ({
      patch: name,
      detail: 'it is cumulative by its file, and settled above another patch',
    })),
  );
});

test.each<[sentence: string, situation: Situation, contradictions: string[]]>([
  [
    'taint K without a cause',
    running([], { tainted: true, capabilities: noSupport }),
    ['taint K is set, but the kernel has no livepatch support, and no other live patching system was seen'],
  ],
  [
    'each has its own sentence',
    running([newer, listed(top)], { tainted: false }),
    ['newer is listed, but taint K is not set', 'top is cumulative and settled, but not alone on the list'],
  ],
  [
    'a directory that is going away is not listed',
    running([listed(newer, { enabled: false }), listed(top)], { tainted: true }),
    [],
  ],
])('contradictions: %s', (_, situation, contradictions) =>
  expect(contradictionsOf(situation)).toEqual(contradictions),
);
