import { useParameters } from '../address/parameters.js';
import { AddressField } from '../parts/question-fields.js';
import { BACK } from '../texts/back.js';
import { GROUPINGS, groupingOf } from './grouping.js';

/** How hosts are grouped to blocks: `by` and `label` of the address. */
export function GroupingFields() {
  const { values, change } = useParameters();
  const chosen = groupingOf(values);
  return (
    <div class="fields">
      <div class="choices" role="group" aria-label={BACK.groupBy}>
        {GROUPINGS.map((grouping) => (
          <button
            key={grouping}
            type="button"
            aria-pressed={grouping === chosen}
            onClick={() => change({ by: grouping, block: undefined })}
          >
            {BACK.groupings[grouping]}
          </button>
        ))}
      </div>
      {chosen === 'label' && <AddressField name="label" label={BACK.label} placeholder="env" />}
    </div>
  );
}
