import { whereOf } from '../address/where.js';
import type { Parameters } from '../address/parameters.js';
import { whereKernel, whereLabel, whereRuns } from '../address/where-terms.js';
import { KINDS } from '../parts/kinds.js';
import { type Block, decidingCodes } from './blocks.js';
import { cohortArguments } from './grouping.js';
import type { BackHostsVariables } from './generated/operations.js';

/** Which hosts of the answer a person chose to see. */
export interface Chosen {
  readonly select: Pick<BackHostsVariables, 'where' | 'kind' | 'code'>;
  readonly block: Block | undefined;
  /** The filter cannot name the hosts of the block alone. */
  readonly isWider: boolean;
}

/** Reads the choice of the address: a block, else a verdict or a reason. Null: nothing is chosen. */
export function chosenOf(values: Parameters, blocks: readonly Block[]): Chosen | null {
  const { filter: where } = whereOf(values.where);
  const block = blocks.find(({ key }) => key === values.block);
  if (block !== undefined) {
    const kind = block.kind;
    if (block.cohort === null) return { select: { where, kind }, block, isWider: true };
    const [code] = decidingCodes(block.cohort.verdict);
    const narrowed = whereOf(
      [values.where ?? '', ...termsOf(block.cohort, values)].filter((term) => term !== '').join(','),
    );
    const isWider = narrowed.wrong !== undefined;
    return {
      select: {
        where: isWider ? where : narrowed.filter,
        kind,
        code: code as BackHostsVariables['code'],
      },
      block,
      isWider,
    };
  }
  const kind = KINDS.find((kind) => kind === values.kind);
  const code = values.code as BackHostsVariables['code'];
  return kind === undefined && code === undefined
    ? null
    : { select: { where, kind, code }, block: undefined, isWider: false };
}

/** What the hosts of a group share, as terms of a filter. */
function termsOf(cohort: NonNullable<Block['cohort']>, values: Parameters): string[] {
  if (cohort.verdict.reasons.some(({ code }) => code === 'NEVER_REPORTED')) return ['freshness=never'];
  const { labels } = cohortArguments(values);
  return [
    ...(cohort.runs === null ? [] : [whereRuns(cohort.runs)]),
    ...(cohort.kernelRelease === null ? [] : [whereKernel(cohort.kernelRelease)]),
    ...labels.map((key) => whereLabel(key, cohort.labels.find((label) => label.key === key)?.value)),
  ];
}
