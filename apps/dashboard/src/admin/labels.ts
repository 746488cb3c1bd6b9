import { labelsOf } from '../address/labels.js';

/** Reads `env=prod,role=web`. Null: the text has something else than labels with one value each. */
export function singleLabels(text: string): { key: string; value: string }[] | null {
  const labels = labelsOf(text);
  if (labels === null || labels.some(({ values }) => values.length !== 1)) return null;
  return labels.map(({ key, values }) => ({ key, value: values[0]! }));
}
