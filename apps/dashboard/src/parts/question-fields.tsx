import { useEffect, useId, useState } from 'preact/hooks';
import { instantOf, localOf } from '../address/question.js';
import { type Parameters, useParameters } from '../address/parameters.js';
import { QUESTION } from '../texts/shell.js';

/** A field whose text goes into the address when the person leaves it or presses Enter. */
export function AddressField({
  name,
  label,
  placeholder,
  help,
  wrong,
  with: also = {},
}: {
  name: string;
  label: string;
  placeholder: string;
  help?: string;
  wrong?: string | undefined;
  /** What else changes in the address, such as the page. */
  with?: Parameters;
}) {
  const { values, change } = useParameters();
  const [text, setText] = useState(values[name] ?? '');
  const id = useId();
  useEffect(() => setText(values[name] ?? ''), [values[name]]);
  const done = () => {
    if (text !== (values[name] ?? '')) change({ ...also, [name]: text });
  };
  return (
    <label class="field grow">
      {label}
      <input
        type="text"
        value={text}
        placeholder={placeholder}
        title={help}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? undefined : id}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onBlur={done}
        onKeyDown={({ key }) => {
          if (key === 'Enter') done();
        }}
      />
      {wrong !== undefined && (
        <span class="field-wrong" id={id} role="alert">
          {wrong}
        </span>
      )}
    </label>
  );
}

/** Which hosts are asked about: `where` of the address. */
export const WhereField = ({ wrong }: { wrong?: string | undefined }) => (
  <AddressField
    name="where"
    label={QUESTION.where}
    placeholder={QUESTION.wherePlaceholder}
    help={QUESTION.whereHelp}
    wrong={wrong}
  />
);

/** A target that is named replaces one that is a file. */
export const NO_FILE: Parameters = { file: undefined };

/** Where to go: `to` of the address. */
export function TargetField() {
  const { values, change } = useParameters();
  const { file, to = file === undefined ? 'previous' : undefined } = values;
  return (
    <div class="fields">
      <div class="field">
        <div class="choices" role="group" aria-label={QUESTION.target}>
          {(['previous', 'original'] as const).map((target) => (
            <button
              key={target}
              type="button"
              aria-pressed={to === target}
              onClick={() => change({ to: target === 'previous' ? undefined : target, ...NO_FILE })}
            >
              {QUESTION.targets[target]}
            </button>
          ))}
        </div>
      </div>
      <AddressField
        name="to"
        label={QUESTION.target}
        placeholder={QUESTION.targetPlaceholder}
        with={NO_FILE}
      />
    </div>
  );
}

/** The moment that is asked about: `asOf` of the address. */
export function MomentField() {
  const { values, change } = useParameters();
  return (
    <label class="field" title={QUESTION.momentHelp}>
      {QUESTION.moment}
      <input
        type="datetime-local"
        value={localOf(values.asOf)}
        onChange={({ currentTarget }) => change({ asOf: instantOf(currentTarget.value) })}
      />
    </label>
  );
}
