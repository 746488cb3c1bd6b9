/** A field of a form, with its name above it. */
export const TextField = ({
  label,
  value,
  set,
  type = 'text',
  required = true,
}: {
  label: string;
  value: string;
  set: (value: string) => void;
  type?: 'text' | 'number';
  required?: boolean;
}) => (
  <label class="field">
    {label}
    {type === 'number' ? (
      <input
        type="number"
        value={value}
        required={required}
        min={1}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    ) : (
      <input
        type="text"
        value={value}
        required={required}
        spellcheck={false}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    )}
  </label>
);
