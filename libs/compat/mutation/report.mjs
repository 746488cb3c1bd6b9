// What came of it, for people.

const percent = (part, whole) => (whole === 0 ? '    -' : ((100 * part) / whole).toFixed(1).padStart(5));
const count = (mutants, fate) => mutants.filter((mutant) => mutant.fate === fate).length;

/** How many of these were caught, how many not? A mutant that hangs is caught: the tests do not end. */
export function tally(mutants) {
  const [killed, hung, survived] = ['killed', 'hung', 'survived'].map((fate) => count(mutants, fate));
  const explained = mutants.filter(({ why }) => why != null).length;
  const all = mutants.length;
  return {
    all,
    killed,
    hung,
    survived,
    explained,
    unexplained: survived - explained,
    score: all === 0 ? 1 : (killed + hung) / all,
  };
}

/** Did it survive, and no one says why it may? */
export const isUnexplained = ({ fate, why }) => fate === 'survived' && why === null;

/** Where is this mutant, and what does it change? */
export const nameOf = ({ file, at, original, replacement }) =>
  `${file}:${at}  ${original}  ->  ${replacement}`;

/** The table of files, the survivors of whom no one says why, and the explanations that explain nothing. */
export function print(mutants, idle) {
  const names = [...new Set(mutants.map(({ file }) => file))];
  const files = names.map((name) => [name, mutants.filter(({ file }) => file === name)]);
  console.log('\n  mutants  killed    hung  explained  survived  caught');
  for (const [name, of] of [...files, ['in all', mutants]]) {
    const { all, killed, hung, explained, unexplained } = tally(of);
    console.log(
      `${String(all).padStart(9)}${String(killed).padStart(8)}${String(hung).padStart(8)}${String(explained).padStart(11)}${String(unexplained).padStart(10)}  ${percent(killed + hung, all)} %  ${name}`,
    );
  }
  for (const one of mutants.filter(isUnexplained)) console.log(`survived: ${nameOf(one)}`);
  for (const key of idle) console.log(`explains nothing any more: ${key}`);
}
