import { useState } from 'preact/hooks';
import { count } from '../parts/numbers.js';
import { CATALOG } from '../texts/catalog.js';
import { PATCH } from '../texts/patch.js';

const TEXT = CATALOG.publish;

/** A module that was read in the page. */
export interface ReadModule {
  readonly file: File;
  readonly buildId: string | null;
  readonly name: string;
  readonly kernelRelease: string | null;
  readonly states: readonly { readonly id: bigint; readonly version: number }[] | null;
  readonly impact: keyof typeof PATCH.impacts;
  readonly signed: boolean;
}

/** Chooses a module file and reads it, before anything is sent. */
export function ModuleField({
  value,
  set,
}: {
  value: ReadModule | null;
  set: (module: ReadModule | null) => void;
}) {
  const [wrong, setWrong] = useState<string | null>(null);
  const choose = async (file: File | undefined) => {
    set(null);
    setWrong(null);
    if (file === undefined) return;
    try {
      // the parser is large, and few people publish
      const { openModule } = await import('@klpreg/module');
      const reading = await openModule(new Uint8Array(await file.arrayBuffer()));
      set({ ...reading, file });
      if (reading.buildId === null) setWrong(TEXT.noBuildId);
    } catch (error) {
      setWrong(TEXT.unreadable(error instanceof Error ? error.message : String(error)));
    }
  };
  return (
    <div class="stack">
      <label class="field">
        {TEXT.module}
        <input
          type="file"
          required
          accept=".ko,.xz,.zst,.gz"
          onChange={({ currentTarget }) => void choose(currentTarget.files?.[0])}
        />
        {wrong !== null && (
          <span class="field-wrong foreign" role="alert">
            {wrong}
          </span>
        )}
      </label>
      {value !== null && (
        <dl class="facts">
          <dt>{CATALOG.name}</dt>
          <dd class="foreign">{value.name}</dd>
          <dt>{PATCH.buildId}</dt>
          <dd class="mono">{value.buildId ?? '–'}</dd>
          <dt>{CATALOG.kernel}</dt>
          <dd class="foreign">{value.kernelRelease ?? '–'}</dd>
          <dt>{CATALOG.impact}</dt>
          <dd>{PATCH.impacts[value.impact]}</dd>
          <dt>{PATCH.states}</dt>
          <dd class="mono">
            {value.states?.map(({ id, version }) => `${id}:${version}`).join(' ') || PATCH.noStates}
          </dd>
          <dt>{PATCH.file}</dt>
          <dd>
            {TEXT.size(count(value.file.size))}, {value.signed ? PATCH.signed : PATCH.unsigned}
          </dd>
        </dl>
      )}
    </div>
  );
}
