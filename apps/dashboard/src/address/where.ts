import { formatWhere, type HostFilter, hostFilter, parseWhere, type Term, WhereError } from '@klpreg/where';

/** Which hosts a question is about, as GraphQL has it, or what is wrong with the text. */
export interface Where {
  /** Undefined: all hosts, or the text is wrong. */
  readonly filter: HostFilter | undefined;
  /** Do not ask: without a filter the question would be about all hosts. */
  readonly wrong?: string;
}

/** Reads the text of `where`, as `klpreg --where` does. */
export function whereOf(text: string | undefined): Where {
  if (text === undefined || text.trim() === '') return { filter: undefined };
  try {
    return { filter: hostFilter(text) };
  } catch (error) {
    if (error instanceof WhereError) return { filter: undefined, wrong: error.message };
    throw error;
  }
}

/** Adds a term to the text of `where`, in place of those with its key: to look closer at some of the hosts. */
export function narrowed(text: string | undefined, term: Pick<Term, 'key' | 'values'>): string {
  const others = text === undefined || text.trim() === '' ? [] : parseWhere(text);
  const added: Term = { isLabel: false, operator: 'in', at: 0, ...term };
  return formatWhere([...others.filter(({ key }) => key !== term.key), added]);
}
