import { after, resolveSituation } from '../../src/index.js';
import { loadOver } from '../../src/routes/plan.js';
import {
  type Asked,
  ask,
  catalog,
  unlisted,
  listed,
  manifest,
  newer,
  older,
  running,
  states,
} from '../../src/testing/index.js';

// A patch that writes through klp_get_prev_state() to the states of the patches below it.

const below = manifest('below', { 7: 1 }, { replace: false });
const writer = manifest('writer', { 8: 1 }, { replace: false, rewritesEarlierStates: true });
const both = manifest('both', { 7: 1, 8: 1 });
const live = {
  evidence: 'LIVE',
  replace: false,
  states: states({ 7: 1 }),
  impact: 'DECLARED',
  callbacks: null,
} as const;
const UNREADABLE = { code: 'STATES_UNREADABLE', patch: 'below', buildId: 'id-of-below', other: 'writer' };

test.each<[sentence: string, asked: Asked, reasons: object[]]>([
  ['the states below it are not those of the file', { list: [below, writer], to: both }, [UNREADABLE]],
  ['those above it are', { list: [writer, manifest('above', { 7: 1 }, { replace: false })], to: both }, []],
  [
    'those of a patch that is not published were not known before',
    { list: [listed(below), writer], published: [writer], to: both },
    [],
  ],
  [
    'what the running kernel shows holds',
    { list: [listed(below, { reading: live }), writer], published: [below], to: both },
    [],
  ],
  [
    'it stays written when the writer was disabled',
    { list: [below], to: both, host: { unlisted: [unlisted(writer, 'DISABLED')] }, published: [writer] },
    [UNREADABLE],
  ],
  [
    'a cumulative patch that replaced the writer replaced all below it',
    { list: [both], to: both, host: { unlisted: [unlisted(writer)] }, published: [writer] },
    [],
  ],
  [
    'the target writes to what stays',
    { list: [below], to: writer, question: { routes: ['STACK'] } },
    [UNREADABLE],
  ],
  [
    'a cumulative target writes to what leaves',
    { list: [newer], to: { ...older, rewritesEarlierStates: true } },
    [],
  ],
])('%s', (_, asked, reasons) => {
  expect(ask(asked).reasons.filter(({ code }) => code === 'STATES_UNREADABLE')).toEqual(reasons);
});

test('that is the only doubt about a patch that declares its states', () =>
  expect(ask({ list: [below, writer], to: both }).reasons).toEqual([UNREADABLE]));

test('once it is on top, the states below it are unknown', () => {
  const everything = catalog([below, writer]);
  const host = resolveSituation(running([below]), everything);
  const load = resolveSituation(running([writer]), everything).list[0]!;
  expect(after(host, loadOver('STACK', load, [], host.list)).list.map((patch) => patch.states)).toEqual([
    null,
    writer.states,
  ]);
});
