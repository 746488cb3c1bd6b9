import { type HostFilter, hostFilter, WhereError } from '@klpreg/where';

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
