const count = (results, wanted) => results.filter(wanted).length;

/** How often each doubt stood before an answer. */
function countDoubts(results) {
  const counts = new Map();
  for (const { prediction } of results)
    for (const code of new Set(prediction.codes)) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

/**
 * Says what came of it: what is wrong in full, doubts by their codes, and one line of figures.
 *
 * @returns the exit code: 0 if nothing is wrong, and something was done
 */
export function summarise(results, seconds, say) {
  const wrong = results.filter(({ outcome }) => outcome === 'wrong');
  const unknown = results.filter(({ outcome }) => outcome === 'unknown');
  const falseSafe = count(results, (result) => result.falseSafe);
  const safe = count(results, ({ prediction }) => prediction.verdict?.kind === 'SAFE');
  for (const [code, times] of countDoubts(unknown)) say(`UNKNOWN ${String(times).padStart(4)} ${code}`);
  for (const { kernel, boot, scenario, operation, faults } of wrong)
    say(`WRONG ${kernel} ${boot}: ${scenario}: ${operation}: ${faults.join('; ')}`);
  const kernels = [...new Set(results.map(({ kernel }) => kernel))].join(', ');
  const expected = count(unknown, ({ prediction, seen }) => prediction.likely === seen.errno);
  const figures = [
    `${results.length} operations`,
    `${count(results, ({ outcome }) => outcome === 'agreed')} agreed`,
    `${unknown.length} UNKNOWN (${expected} as the likely answer)`,
    `${wrong.length} wrong`,
    `${safe} verdicts SAFE`,
    `${falseSafe} predicted as accepted or SAFE and refused`,
  ];
  say(`${figures.join(', ')}; ${kernels}; ${seconds} s`);
  return results.length > 0 && wrong.length === 0 && falseSafe === 0 ? 0 : 1;
}
