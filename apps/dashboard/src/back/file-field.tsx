import { useId, useState } from 'preact/hooks';
import { BACK } from '../texts/back.js';
import { type FileTarget, readFileTarget } from './file-target.js';

/** Takes a patch that is not published as the target. The file stays in the memory of the page. */
export function FileField({
  file,
  choose,
}: {
  file: FileTarget | null;
  choose: (file: FileTarget | null) => void;
}) {
  const [state, setState] = useState<{ reading: boolean; wrong: string | null }>({
    reading: false,
    wrong: null,
  });
  const [isOver, setIsOver] = useState(false);
  const id = useId();
  const read = async (given: File | undefined) => {
    if (given === undefined) return;
    setState({ reading: true, wrong: null });
    const result = await readFileTarget(given);
    if ('wrong' in result) setState({ reading: false, wrong: result.wrong });
    else {
      setState({ reading: false, wrong: null });
      choose(result);
    }
  };
  return (
    <div
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        void read(event.dataTransfer?.files[0]);
      }}
    >
      {file === null ? (
        <div class="row">
          <label for={id}>{BACK.file.choose}</label>
          <input
            id={id}
            type="file"
            accept=".ko,.xz,.zst,.gz,.json"
            onChange={({ currentTarget }) => void read(currentTarget.files?.[0])}
          />
          <span class="muted">{state.reading ? BACK.file.reading : BACK.file.drop}</span>
        </div>
      ) : (
        <div class="row">
          <strong class="foreign">{file.name}</strong>
          <span class="muted">{BACK.file.private}</span>
          <button type="button" onClick={() => choose(null)}>
            {BACK.file.remove}
          </button>
        </div>
      )}
      {state.wrong !== null && (
        <p class="field-wrong foreign" role="alert">
          {state.wrong}
        </p>
      )}
    </div>
  );
}
