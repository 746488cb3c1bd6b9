// Prints the result of the mutation check.

const percent = (part, whole) => (whole === 0 ? '    -' : ((100 * part) / whole).toFixed(1).padStart(5));
const count = (mutants, fate) => mutants.filter((mutant) => mutant.fate === fate).length;

/** Counts mutants by fate. A mutant that hangs is caught, because the tests do not end. */
export function countFates(mutants) {
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

/** Whether the mutant survived without an accepted reason. */
export const isUnexplained = ({ fate, why }) => fate === 'survived' && why === null;

/** Returns the place of a mutant and its change. */
export const nameOf = ({ file, at, original, replacement }) =>
  `${file}:${at}  ${original}  ->  ${replacement}`;

/** Prints a table of files, the survivors without a reason, and the unused reasons. */
export function print(mutants, unused) {
  const names = [...new Set(mutants.map(({ file }) => file))];
  const files = names.map((name) => [name, mutants.filter(({ file }) => file === name)]);
  console.log('\n  mutants  killed    hung  explained  survived  caught');
  for (const [name, of] of [...files, ['in all', mutants]]) {
    const { all, killed, hung, explained, unexplained } = countFates(of);
    const columns = [
      String(all).padStart(9),
      String(killed).padStart(8),
      String(hung).padStart(8),
      String(explained).padStart(11),
      String(unexplained).padStart(10),
    ];
    console.log(`${columns.join('')}  ${percent(killed + hung, all)} %  ${name}`);
  }
  for (const one of mutants.filter(isUnexplained)) console.log(`survived: ${nameOf(one)}`);
  for (const key of unused) console.log(`unused reason: ${key}`);
}
