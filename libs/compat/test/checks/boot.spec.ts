import { after, resolveSituation } from '../../src/index.js';
import {
  type Asked,
  ask,
  catalog,
  unlisted,
  leftover,
  listed,
  manifest,
  newer,
  older,
  promising,
  running,
} from '../../src/testing/index.js';
import { loadOver, nothing } from '../../src/routes/plan.js';
import { reasonTable } from '../reason-table.js';

const gone = manifest('gone', { 9: 1 });
const rebooting = (host: Asked['host']): Asked => ({
  host: {
    ...host,
    boot: { kernelRelease: newer.kernelRelease, loads: [{ name: 'older', buildId: 'id-of-older' }] },
  },
  question: { routes: ['REBOOT'] },
});

reasonTable('BOOT_HISTORY_INCOMPLETE', [
  [
    'livepatches were loaded before the first report of this boot',
    { host: { bootHistory: 'STARTED_LATE' } },
    [{ kind: 'UNKNOWN', clearedBy: 'REBOOT', detail: 'the first report came after the first livepatch' }],
  ],
  [
    'the agent did not run for a time',
    { host: { bootHistory: 'GAP' } },
    [{ detail: 'the agent did not run for a time' }],
  ],
  ['the taint is not reported', { list: [], host: { bootHistory: 'STARTED_LATE', tainted: null } }, [{}]],
  [
    'nothing is to be done: what left is left',
    { list: [older], host: { bootHistory: 'STARTED_LATE' } },
    [{}],
  ],
  [
    'everything is disabled',
    { list: [promising('p', { 7: 1 })], to: { kind: 'ORIGINAL' }, host: { bootHistory: 'GAP' } },
    [{}],
  ],
  [
    'no livepatch was loaded in this boot',
    { list: [], host: { bootHistory: 'STARTED_LATE', tainted: false } },
    [],
  ],
  ['a reboot ends it', rebooting({ bootHistory: 'STARTED_LATE' }), []],
  ['the boot is known', {}, []],
]);

reasonTable('HISTORY_TOO_LONG', [
  ['more left than is kept', { host: { historyTooLong: true } }, [{ kind: 'UNKNOWN', clearedBy: 'REBOOT' }]],
  ['a reboot ends it', rebooting({ historyTooLong: true }), []],
  ['all are kept', {}, []],
]);

const loads = manifest('loads', { 8: 1 });
reasonTable('MODULE_STILL_LOADING', [
  [
    'a livepatch module is loading, and is not on the list yet',
    {
      list: [],
      to: { kind: 'ORIGINAL' },
      host: { leftovers: [leftover(loads, { moduleState: 'LOADING' })], tainted: true },
    },
    [{ kind: 'UNKNOWN', patch: 'loads', clearedBy: 'TIME', detail: 'its module is in state LOADING' }],
  ],
  [
    'a livepatch module is going',
    { host: { leftovers: [leftover(loads, { moduleState: 'GOING' })] }, published: [loads] },
    [{ patch: 'loads' }],
  ],
  [
    'the state of the module is not reported',
    { host: { leftovers: [leftover(loads, { moduleState: null })] }, published: [loads] },
    [{ detail: 'the state of its module is not reported' }],
  ],
  [
    'a directory with neither flag, whose module is loading',
    { list: [newer, listed(loads, { enabled: false, moduleState: 'LOADING' })], published: [loads] },
    [{ patch: 'loads' }],
  ],
  [
    'the target itself is loading',
    { host: { leftovers: [leftover(older, { moduleState: 'LOADING' })] } },
    [{ patch: 'older' }],
  ],
  [
    'a route that would remove it',
    {
      host: { leftovers: [leftover(older, { moduleState: 'LOADING' })] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [{}],
  ],
  [
    'its module is live: it is a leftover',
    { host: { leftovers: [leftover(loads)] }, published: [loads] },
    [],
  ],
  [
    'a listed patch whose module is loading is on its way in',
    { list: [listed(newer, { transition: true, moduleState: 'LOADING' })], published: [newer] },
    [],
  ],
  ['a reboot ends it', rebooting({ leftovers: [leftover(loads, { moduleState: 'LOADING' })] }), []],
]);

test('a module that is loading has left nothing behind yet; one whose state is not reported may have', () => {
  const codes = (moduleState: 'LOADING' | null) =>
    ask({ host: { leftovers: [leftover(loads, { moduleState })] }, published: [loads] }).reasons.map(
      ({ code }) => code,
    );
  expect(codes('LOADING')).toEqual(['MODULE_STILL_LOADING']);
  expect(codes(null)).toEqual(['MODULE_STILL_LOADING', 'STATE_LEFT_BEHIND']);
});

describe('what left the list', () => {
  test('removing a module restores nothing: a leftover that was never seen listed is judged after its removal as before', () => {
    const everything = catalog([gone, older, newer]);
    const host = resolveSituation(running([newer], { leftovers: [leftover(gone)] }), everything);
    const removed = after(host, { ...nothing, route: 'DISABLE_THEN_LOAD', removed: ['gone'] });
    expect(removed.situation).toMatchObject({
      leftovers: [],
      unlisted: [{ name: 'gone', unlistedBy: 'UNKNOWN' }],
    });
    expect(resolveSituation(removed.situation, everything).unlisted.map(({ known }) => known.name)).toEqual([
      'gone',
    ]);
  });

  test('what was seen disabled and is removed stays disabled', () => {
    const everything = catalog([gone, newer]);
    const host = resolveSituation(
      running([newer], { leftovers: [leftover(gone)], unlisted: [unlisted(gone, 'DISABLED')] }),
      everything,
    );
    const removed = after(host, { ...nothing, route: 'DISABLE_THEN_LOAD', removed: ['gone'] });
    expect(removed.situation.unlisted).toEqual([unlisted(gone, 'DISABLED')]);
  });

  test.each<[sentence: string, asked: Asked, codes: string[]]>([
    [
      'replaced: a declared state that no listed patch holds',
      { host: { unlisted: [unlisted(gone)] }, published: [gone] },
      ['STATE_LEFT_BEHIND'],
    ],
    ['forced', { host: { unlisted: [unlisted(gone, 'FORCED')] }, published: [gone] }, ['STATE_LEFT_BEHIND']],
    [
      'not known how',
      { host: { unlisted: [unlisted(gone, 'UNKNOWN')] }, published: [gone] },
      ['STATE_LEFT_BEHIND'],
    ],
    [
      'never seen listed',
      { host: { leftovers: [leftover(gone)] }, published: [gone] },
      ['STATE_LEFT_BEHIND'],
    ],
    [
      'its states are covered by a listed patch',
      { host: { unlisted: [unlisted(manifest('x', { 7: 1 }))] }, published: [manifest('x', { 7: 1 })] },
      [],
    ],
    [
      'its states are written at run time',
      {
        host: { unlisted: [unlisted(gone)] },
        published: [manifest('gone', {}, { states: null, impact: 'UNREADABLE' })],
      },
      ['STATES_UNREADABLE'],
    ],
    [
      'undeclared',
      { host: { unlisted: [unlisted(gone)] }, published: [manifest('gone', {}, { impact: 'UNDECLARED' })] },
      ['STATES_UNDECLARED'],
    ],
    ['not catalogued', { host: { unlisted: [unlisted(gone)] } }, ['PATCH_NOT_CATALOGUED']],
    [
      'disabled, without callbacks',
      { host: { unlisted: [unlisted(gone, 'DISABLED')] }, published: [gone] },
      ['STATE_NOT_RESTORED'],
    ],
    [
      'disabled, with callbacks that are promised to restore',
      { host: { unlisted: [unlisted(gone, 'DISABLED')] }, published: [promising('gone', { 9: 1 })] },
      [],
    ],
    [
      'disabled, with callbacks and no promise',
      {
        host: { unlisted: [unlisted(gone, 'DISABLED')] },
        published: [promising('gone', { 9: 1 }, { author: null })],
      },
      ['RESTORE_NOT_PROMISED'],
    ],
    [
      'disabled, and undeclared',
      {
        host: { unlisted: [unlisted(gone, 'DISABLED')] },
        published: [manifest('gone', {}, { impact: 'UNDECLARED' })],
      },
      ['STATES_UNDECLARED'],
    ],
  ])('%s', (_, asked, codes) => expect(ask(asked).reasons.map(({ code }) => code)).toEqual(codes));

  test('a host without a livepatch in this boot knows its history from the first one on', () => {
    const everything = catalog([older]);
    const host = resolveSituation(running([], { tainted: false, bootHistory: 'STARTED_LATE' }), everything);
    const target = resolveSituation(running([older]), everything).list[0]!;
    expect(after(host, loadOver('REPLACE', target, [], [])).situation).toMatchObject({
      tainted: true,
      bootHistory: 'KNOWN',
    });
  });
});
