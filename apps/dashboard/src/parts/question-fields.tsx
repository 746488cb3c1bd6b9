import { useEffect, useId, useState } from 'preact/hooks';
import { instantOf, localOf } from '../address/question.js';
import { type Parameters, useParameters } from '../address/parameters.js';
import { QUESTION } from '../texts/shell.js';
import { useTargetCompletions, useWhereCompletions } from './use-completions.js';

/** A field whose text goes into the address when the person leaves it or presses Enter. */
export function AddressField({
  name,
  label,
  placeholder,
  help,
  wrong,
  with: also = {},
  complete,
  onFocus,
}: {
  name: string;
  label: string;
  placeholder: string;
  help?: string;
  wrong?: string | undefined;
  /** What else changes in the address, such as the page. */
  with?: Parameters;
  /** Returns what the whole text may become. */
  complete?: (text: string) => readonly string[];
  onFocus?: () => void;
}) {
  const { values, change } = useParameters();
  const [text, setText] = useState(values[name] ?? '');
  const id = useId();
  useEffect(() => setText(values[name] ?? ''), [values[name]]);
  const done = () => {
    if (text !== (values[name] ?? '')) change({ ...also, [name]: text });
  };
  const options = useId();
  return (
    <>
      <label class="field grow">
        {label}
        <input
          type="text"
          value={text}
          placeholder={placeholder}
          title={help}
          spellcheck={false}
          autocomplete="off"
          list={complete && options}
          onFocus={onFocus}
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
      {complete && (
        <datalist id={options}>
          {complete(text).map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** Which hosts are asked about: `where` of the address. */
export function WhereField({ wrong }: { wrong?: string | undefined }) {
  const [isAsked, setAsked] = useState(false);
  return (
    <AddressField
      name="where"
      label={QUESTION.where}
      placeholder={QUESTION.wherePlaceholder}
      help={QUESTION.whereHelp}
      wrong={wrong}
      complete={useWhereCompletions(isAsked)}
      onFocus={() => setAsked(true)}
    />
  );
}

/** A patch or a release: `name` of the address. A target that is named replaces one that is a file. */
export function PatchField(field: {
  name: string;
  label: string;
  placeholder: string;
  wrong?: string | undefined;
}) {
  const [isAsked, setAsked] = useState(false);
  return (
    <AddressField
      {...field}
      with={NO_FILE}
      complete={useTargetCompletions(isAsked)}
      onFocus={() => setAsked(true)}
    />
  );
}

/** What a named target changes in the address. */
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
      <PatchField name="to" label={QUESTION.target} placeholder={QUESTION.targetPlaceholder} />
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
