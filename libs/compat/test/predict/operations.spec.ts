import { DEFAULT_QUESTION, judge, predict } from '../../src/index.js';
import { Learned, type Observed, observations, operationOf, sceneOf } from '../lab.js';

// What real kernels answered to every operation of the fixture, and what the mind says of it.

/** Why the kernel refused, if that cannot be observed from outside before the first load. */
function unforeseeable({ dmesg, candidate }: Observed): string | null {
  if (dmesg.some((line) => /symbol .*not found|unresolvable ambiguity/.test(line)))
    return 'SYMBOLS_UNVERIFIED';
  if (dmesg.some((line) => line.includes('pre-patch callback failed'))) return 'PRE_PATCH_MAY_REFUSE';
  // Modules that are broken in themselves: functions without a name or twice, an object twice, a function
  // that ftrace does not know.
  return ['lab_nofuncs', 'lab_dupobj', 'lab_dupfunc', 'lab_noftrace'].includes(candidate?.name ?? '')
    ? 'SYMBOLS_UNVERIFIED'
    : null;
}

const learned = new Learned();
const compared = observations.flatMap((observed) => {
  const operation = operationOf(observed);
  const [host, known] = sceneOf(observed, learned);
  learned.learn(observed);
  if (operation === null) return [];
  const { answer, likely, reasons } = predict(host, operation, known);
  const foreseen =
    unforeseeable(observed) === null || reasons.some((reason) => reason.code === unforeseeable(observed));
  const outcome =
    likely === observed.err ? 'right' : answer === 'UNKNOWN' && foreseen ? 'cannot be known' : 'wrong';
  const freshness = { level: 'FRESH', ageSeconds: 10, superseded: false } as const;
  const verdict =
    operation.action === 'LOAD' && operation.patch.manifest !== null
      ? judge(host, { kind: 'PATCH', patch: operation.patch.manifest }, known, freshness, {
          ...DEFAULT_QUESTION,
          routes: [operation.patch.replace ? 'REPLACE' : 'STACK'],
        })
      : null;
  return [
    {
      name:
        `${observed.kernel} ${observed.scenario} ${observed.step} ` +
        `${observed.op} ${observed.target}: ${observed.err}`,
      observed,
      answer,
      outcome,
      verdict,
    },
  ];
});
type Compared = (typeof compared)[number];
const names = (those: readonly Compared[]): string[] => those.map((one) => one.name);
const count = (outcome: string): number => compared.filter((one) => one.outcome === outcome).length;

const [right, unknowable, wrong] = [count('right'), count('cannot be known'), count('wrong')];

test(`operations on real kernels: ${right} right, ${unknowable} cannot be known, ${wrong} wrong`, () => {
  expect(names(compared.filter((one) => one.outcome === 'wrong'))).toEqual([]);
  expect({ right, unknowable }).toMatchInlineSnapshot(`
{
  "right": 1032,
  "unknowable": 22,
}
`);
});

test('what was said without a doubt is what the kernel said', () => {
  const certain = compared.filter((one) => one.answer !== 'UNKNOWN');
  expect(names(certain.filter((one) => one.answer !== one.observed.err))).toEqual([]);
  expect({ certain: certain.length, withADoubt: compared.length - certain.length }).toMatchInlineSnapshot(`
{
  "certain": 988,
  "withADoubt": 66,
}
`);
});

test('every kind of operation and every error number is among them', () => {
  const seen = [...new Set(compared.map(({ observed }) => `${observed.op} ${observed.err}`))].sort();
  expect(seen).toMatchInlineSnapshot(`
[
  "disable EBUSY",
  "disable EINVAL",
  "disable ENOENT",
  "disable OK",
  "enable EINVAL",
  "enable ENOENT",
  "enable OK",
  "force OK",
  "load EBUSY",
  "load EEXIST",
  "load EINVAL",
  "load OK",
  "rmmod EAGAIN",
  "rmmod ENOENT",
  "rmmod OK",
  "write EACCES",
  "write EINVAL",
  "write ENOENT",
  "write OK",
]
`);
});

test('the verdict on a load has the same error number as the prediction, or both could not know', () => {
  const differ = compared.filter(
    ({ verdict, outcome, observed }) =>
      verdict !== null && outcome === 'right' && (verdict.errno ?? 'OK') !== observed.err,
  );
  expect(names(differ)).toEqual([]);
});

test('no load that a real kernel refused was called safe', () => {
  expect(
    names(compared.filter(({ observed, verdict }) => !observed.accepted && verdict?.kind === 'SAFE')),
  ).toEqual([]);
});

test('no load that a real kernel accepted was called refused', () => {
  expect(
    names(compared.filter(({ observed, verdict }) => observed.accepted && verdict?.kind === 'REFUSED')),
  ).toEqual([]);
});
