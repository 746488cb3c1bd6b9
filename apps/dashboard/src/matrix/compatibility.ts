import { findStateRefusals, loadedName, type Patch, type Reason } from '@klpreg/compat';
import type { MatrixPatches } from './generated/operations.js';

/** A patch, with what the state rule reads of it. */
export type MatrixPatch = MatrixPatches['patches']['nodes'][number];

/** What the state rule says when one patch is loaded while another one runs. */
export const ANSWERS = ['REPLACES', 'NO_RETURN', 'REFUSED', 'STACKS', 'NOT_KNOWN', 'SAME'] as const;
/**
 * `REPLACES`: the rule accepts, and the loaded patch replaces the running one. `NO_RETURN`: so it does, and
 * the rule refuses the way back. `STACKS`: the rule accepts, and both run. `SAME`: the same build.
 */
export type Answer = (typeof ANSWERS)[number];

/** Why the rule has no answer. */
export type Doubt = 'UNSIGNED' | 'CONFLICT' | 'STATES' | 'REPLACE' | 'ARCH';

/** An answer and why. */
export interface Comparison {
  readonly answer: Answer;
  /** The states for which the kernel refuses. */
  readonly refusals: readonly Reason[];
  /** Of `NOT_KNOWN`: why, and of which patch. */
  readonly doubts: readonly { readonly doubt: Doubt; readonly of: MatrixPatch }[];
  /** Both modules have one name, which the kernel loads only once. */
  readonly isSameName: boolean;
}

const NOTHING = { refusals: [], doubts: [], isSameName: false } as const;

/** A patch as the rule engine takes it. */
interface Read {
  readonly patch: MatrixPatch;
  readonly rule: Patch;
  readonly loaded: string;
  readonly doubts: Comparison['doubts'];
}

function read(patch: MatrixPatch): Read {
  const doubts: Doubt[] = [];
  // only what the registry read from the file feeds the state rule
  if (patch.evidence !== 'MODULE') doubts.push('UNSIGNED');
  if (patch.conflicts.length > 0) doubts.push('CONFLICT');
  if (patch.states === null) doubts.push('STATES');
  const states = (patch.states ?? []).map(({ id, version }) => ({ id: BigInt(id), version }));
  return {
    patch,
    rule: { name: patch.name, replace: patch.replace !== false, states },
    loaded: loadedName(patch.name),
    doubts: doubts.map((doubt) => ({ doubt, of: patch })),
  };
}

/** Without the way back. */
function answerOf(running: Read, loaded: Read): Comparison {
  if (running.patch.buildId === loaded.patch.buildId) return { ...NOTHING, answer: 'SAME' };
  const doubts = [...running.doubts, ...loaded.doubts];
  if (loaded.patch.replace === null) doubts.push({ doubt: 'REPLACE', of: loaded.patch });
  if (running.patch.arch !== loaded.patch.arch) doubts.push({ doubt: 'ARCH', of: loaded.patch });
  if (doubts.length > 0) return { ...NOTHING, answer: 'NOT_KNOWN', doubts };
  if (running.loaded === loaded.loaded) return { ...NOTHING, answer: 'REFUSED', isSameName: true };
  const refusals = findStateRefusals(loaded.rule, [running.rule]);
  if (refusals.length > 0) return { ...NOTHING, answer: 'REFUSED', refusals };
  return { ...NOTHING, answer: loaded.rule.replace ? 'REPLACES' : 'STACKS' };
}

const withReturn = (there: Comparison, back: Answer): Comparison =>
  there.answer === 'REPLACES' && back === 'REFUSED' ? { ...there, answer: 'NO_RETURN' } : there;

/** Compares two patches: what the kernel's state rule says to `loaded` while only `running` is listed. */
export const compare = (running: MatrixPatch, loaded: MatrixPatch): Comparison => {
  const [row, column] = [read(running), read(loaded)];
  return withReturn(answerOf(row, column), answerOf(column, row).answer);
};

/** Compares all patches: the answer of row and column is at `row * patches.length + column` of `ANSWERS`. */
export function compareAll(patches: readonly MatrixPatch[]): Uint8Array {
  const all = patches.map(read);
  const n = all.length;
  const answers = new Uint8Array(n * n);
  const at = (answer: Answer) => ANSWERS.indexOf(answer);
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++)
      answers[row * n + column] = at(answerOf(all[row]!, all[column]!).answer);
  const [replaces, refused, noReturn] = [at('REPLACES'), at('REFUSED'), at('NO_RETURN')];
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++)
      if (answers[row * n + column] === replaces && answers[column * n + row] === refused)
        answers[row * n + column] = noReturn;
  return answers;
}

/** In the order of publication. */
export const inOrder = (patches: readonly MatrixPatch[]): MatrixPatch[] =>
  patches.toSorted(
    (a, b) =>
      a.publishedAt.localeCompare(b.publishedAt) ||
      a.name.localeCompare(b.name) ||
      a.buildId.localeCompare(b.buildId),
  );

/** The numbers of answers among the shown patches. */
export function countAnswers(answers: Uint8Array, n: number, shown: readonly number[]): number[] {
  const counts = ANSWERS.map(() => 0);
  for (const row of shown) for (const column of shown) counts[answers[row * n + column]!]!++;
  return counts;
}
