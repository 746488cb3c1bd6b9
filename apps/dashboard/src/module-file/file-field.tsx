import { useId, useState } from 'preact/hooks';
import { addressOf, useParameters } from '../address/parameters.js';
import { MODULE_FILE } from '../texts/module-file.js';
import { readFileTarget } from './file-target.js';
import './file-field.css';
import type { ChosenFile } from './use-file-target.js';

/** Takes a patch that is not published as the target. The file stays in the memory of the page. */
export function FileField({
  target,
  of: { buildId, file, isPublished, choose },
}: {
  target: 'to' | 'what';
  of: ChosenFile;
}) {
  const { path, values } = useParameters();
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
      class={isOver ? 'drop stack over' : 'drop stack'}
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
          <label for={id}>{MODULE_FILE.choose}</label>
          <input
            id={id}
            type="file"
            accept=".ko,.xz,.zst,.gz,.json"
            onChange={({ currentTarget }) => void read(currentTarget.files?.[0])}
          />
          <span class="muted">{state.reading ? MODULE_FILE.reading : MODULE_FILE.drop}</span>
        </div>
      ) : (
        <div class="row">
          <strong class="foreign">{file.name}</strong>
          <span class="muted">{MODULE_FILE.private}</span>
          <button type="button" onClick={() => choose(null)}>
            {MODULE_FILE.remove}
          </button>
        </div>
      )}
      {buildId !== null && isPublished ? (
        <p class="note warning">
          {MODULE_FILE.published}{' '}
          <a href={addressOf(path, { ...values, file: undefined, [target]: `build-id:${buildId}` })}>
            {MODULE_FILE.askPublished}
          </a>
        </p>
      ) : (
        buildId !== null &&
        file === null && <p class="note warning foreign">{MODULE_FILE.missing(buildId)}</p>
      )}
      {state.wrong !== null && (
        <p class="field-wrong foreign" role="alert">
          {state.wrong}
        </p>
      )}
    </div>
  );
}
