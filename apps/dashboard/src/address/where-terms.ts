import { FACT_KEYS, formatWhere } from '@klpreg/where';

type Term = Parameters<typeof formatWhere>[0][number];

const fact = (key: string, value: string): Term => ({ key, isLabel: false, operator: 'in', values: [value] });

/** The hosts with this name, as `where` of an address has them. */
export const whereHost = (hostname: string): string => formatWhere([fact('hostname', hostname)]);

/** The hosts with a kernel release, as `where` of an address has them. */
export const whereKernel = (release: string): string => formatWhere([fact('kernel', release)]);

/**
 * The hosts with a list of patches, as `where` has them. Of a longer list a filter can only say its length
 * and one name, so it may match more hosts.
 *
 * @param runs the names, oldest first
 */
export function whereRuns(runs: readonly string[]): string {
  const newest = runs.at(-1);
  return newest === undefined
    ? formatWhere([fact('patches', '0')])
    : formatWhere([fact('running', `name:${newest}`), fact('patches', String(runs.length))]);
}

/** The same for a list as `fleet` has it, such as `lp_1 < lp_2`. */
export const whereStack = (stack: string): string =>
  whereRuns(stack === '(original)' ? [] : stack.split(' < '));

/** The hosts with a value of a label, as `where` has them. Undefined: those without the label. */
export const whereLabel = (key: string, value: string | undefined): string =>
  formatWhere([
    {
      key,
      isLabel: FACT_KEYS.includes(key),
      operator: value === undefined ? 'absent' : 'in',
      values: value === undefined ? [] : [value],
    },
  ]);
