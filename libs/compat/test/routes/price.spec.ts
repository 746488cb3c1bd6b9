import { type Plan, disableOnly, disableThenLoad, loadOver, nothing, noOp } from '../../src/routes/plan.js';
import {
  comparePrices,
  type KnownPatch,
  type Price,
  resolveSituation,
  resolveManifest,
  ROUTES,
} from '../../src/index.js';
import { compareRoutes, priceOf } from '../../src/routes/price.js';
import { rebootInto } from '../../src/routes/reboot.js';
import { catalog, manifest, running, statement } from '../../src/testing/index.js';

const fixing = (name: string, ...cves: string[]) =>
  manifest(name, {}, { replace: false, author: statement({ cves }) });
const [one, two, both, wordless] = [
  fixing('one', 'CVE-1'),
  fixing('two', 'CVE-2'),
  fixing('both', 'CVE-2', 'CVE-1'),
  manifest('wordless'),
];
const everything = catalog([one, two, both, wordless]);
const load = resolveManifest;
const price = (differs: Partial<Price> = {}): Price => ({
  reboots: 0,
  transitionsUnpatched: 0,
  cvesReopened: [],
  transitions: 1,
  ...differs,
});
/** First the one plan, then the other from the list that it leaves. */
const then = (first: Plan, next: Plan): Plan => ({ ...first, next: [next] });
const off = (list: readonly KnownPatch[]): Plan => disableThenLoad(load(both), list, [], [], list);

test.each<
  [
    sentence: string,
    list: Parameters<typeof running>[0],
    plan: (list: readonly KnownPatch[]) => Plan,
    expected: Price,
  ]
>([
  ['nothing is done', [one], noOp, price({ transitions: 0 })],
  ['one load', [one], (list) => loadOver('REPLACE', load(two), list, list), price()],
  [
    'a reboot, whatever it loads',
    [one],
    (list) =>
      rebootInto(['id-of-one', 'id-of-two'], resolveSituation(running(list.map(() => one)), everything), [
        one,
        two,
      ]),
    price({ reboots: 1, transitions: 0 }),
  ],
  [
    'turning a transition round',
    [one],
    (list) => ({ ...nothing, route: 'REVERSE', stays: list, reversed: list[0]! }),
    price(),
  ],
  [
    'one is disabled: what it fixed is not required in the end',
    [one],
    (list) => disableOnly(list, list),
    price(),
  ],
  ['two are disabled', [one, two], (list) => disableOnly(list, list), price({ transitions: 2 })],
  [
    'what is loaded after one was disabled fixes the same: open in between',
    [one],
    off,
    price({ transitionsUnpatched: 1, cvesReopened: ['CVE-1'], transitions: 2 }),
  ],
  [
    'a gap for the sake of a load counts, though no CVE is open',
    [wordless],
    off,
    price({ transitionsUnpatched: 1, transitions: 2 }),
  ],
  [
    'each gap counts, each CVE once, in order',
    [one, two],
    off,
    price({ transitionsUnpatched: 2, cvesReopened: ['CVE-1', 'CVE-2'], transitions: 3 }),
  ],
  [
    'what is fixed elsewhere meanwhile is not open',
    [both, two],
    (list) => disableThenLoad(load(two), list.slice(1), [], [], list),
    price({ transitionsUnpatched: 1, transitions: 2 }),
  ],
  [
    'a CVE that is open only between two loads',
    [one],
    (list) =>
      then(
        loadOver('REPLACE', load(two), list, list),
        loadOver('REPLACE', load(both), [load(two)], [load(two)]),
      ),
    price({ transitionsUnpatched: 1, cvesReopened: ['CVE-1'], transitions: 2 }),
  ],
  [
    'a CVE that was open before is not opened again',
    [one],
    (list) =>
      then(
        loadOver('STACK', load(wordless), [], list),
        loadOver('STACK', load(both), [], [...list, load(wordless)]),
      ),
    price({ transitions: 2 }),
  ],
  [
    'nor is one that the end does not fix',
    [both],
    (list) =>
      then(
        loadOver('REPLACE', load(wordless), list, list),
        loadOver('REPLACE', load(one), [load(wordless)], [load(wordless)]),
      ),
    price({ transitionsUnpatched: 1, cvesReopened: ['CVE-1'], transitions: 2 }),
  ],
  [
    'what is only disabled in the end leaves no gap before a load',
    [one],
    (list) => then(loadOver('STACK', load(both), [], list), disableOnly(list, [...list, load(both)])),
    price({ transitions: 2 }),
  ],
  [
    'of two that bear one name the one of that build is gone',
    [one, { ...two, name: 'one' }],
    (list) => disableThenLoad(load(both), list.slice(1), [], [], list),
    price({ transitionsUnpatched: 1, cvesReopened: ['CVE-2'], transitions: 2 }),
  ],
])('what does it cost: %s', (_, list, plan, expected) => {
  const host = resolveSituation(running(list), everything);
  expect(priceOf(plan(host.list), host)).toEqual(expected);
});

test('a reboot is worst, then a time without fixes, then open CVEs, then transitions', () => {
  const dearer = [
    price(),
    price({ transitions: 2 }),
    price({ cvesReopened: ['CVE-1'] }),
    price({ cvesReopened: ['CVE-1', 'CVE-2'] }),
    price({ transitionsUnpatched: 1, transitions: 0 }),
    price({ reboots: 1, transitions: 0 }),
  ];
  expect(dearer.toReversed().sort(comparePrices)).toEqual(dearer);
  expect(comparePrices(price(), price())).toBe(0);
});

test('at one price the routes come in their order', () =>
  expect(ROUTES.toReversed().sort(compareRoutes)).toEqual(ROUTES));
