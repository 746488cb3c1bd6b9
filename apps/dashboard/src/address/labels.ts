import { parseWhere, WhereError } from '@klpreg/where';

/** A label with the values that it may have, as scopes and waivers have it. */
export interface LabelValues {
  readonly key: string;
  readonly values: string[];
}

/** Reads `env=prod,role in (web,api)`. Null: the text has something else than labels with values. */
export function labelsOf(text: string): LabelValues[] | null {
  if (text.trim() === '') return [];
  try {
    const terms = parseWhere(text);
    return terms.every(({ operator }) => operator === 'in')
      ? terms.map(({ key, values }) => ({ key, values: [...values] }))
      : null;
  } catch (error) {
    if (error instanceof WhereError) return null;
    throw error;
  }
}
