import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { addressOf, useParameters } from '../address/parameters.js';
import { CATALOG } from '../texts/catalog.js';
import { ModuleField, type ReadModule } from './module-field.js';
import { send, type UploadAnswer } from './upload.js';

const TEXT = CATALOG.publish;

/** Uploads a module with its author statement. */
export function PublishForm({
  release: firstRelease,
  owner: firstOwner,
  close,
}: {
  release: string;
  owner: string;
  close: () => void;
}) {
  const [module, setModule] = useState<ReadModule | null>(null);
  const [release, setRelease] = useState(firstRelease);
  const [owner, setOwner] = useState(firstOwner);
  const [author, setAuthor] = useState('');
  const [signature, setSignature] = useState('');
  const [sent, setSent] = useState<number | null>(null);
  const [answer, setAnswer] = useState<UploadAnswer | null>(null);
  const problemOf = (field: string) =>
    answer?.outcome === 'REFUSED'
      ? answer.problems.find(({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`))
      : undefined;
  const submit = async () => {
    if (module?.buildId == null) return;
    setAnswer(null);
    setSent(0);
    setAnswer(
      await send(
        { buildId: module.buildId, module: module.file, release, owner, author, signature },
        setSent,
      ),
    );
    setSent(null);
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p class="muted">{TEXT.help}</p>
      <ModuleField value={module} set={setModule} />
      <Field label={TEXT.release} problem={problemOf('release')}>
        <input
          type="text"
          required
          value={release}
          placeholder={TEXT.releasePlaceholder}
          onInput={({ currentTarget }) => setRelease(currentTarget.value)}
        />
      </Field>
      <Field label={TEXT.owner} problem={problemOf('owner')}>
        <input
          type="text"
          required
          value={owner}
          placeholder={TEXT.ownerPlaceholder}
          onInput={({ currentTarget }) => setOwner(currentTarget.value)}
        />
      </Field>
      <label class="field">
        {TEXT.authorFile}
        <input
          type="file"
          accept=".yaml,.yml"
          onChange={({ currentTarget: { files } }) => {
            if (files?.[0] !== undefined) void files[0].text().then(setAuthor);
          }}
        />
      </label>
      <Field label={TEXT.author} problem={problemOf('author')}>
        <textarea
          class="mono"
          rows={6}
          spellcheck={false}
          value={author}
          placeholder={TEXT.authorPlaceholder}
          onInput={({ currentTarget }) => setAuthor(currentTarget.value)}
        />
      </Field>
      <Field label={TEXT.signature} problem={problemOf('signature')}>
        <input
          type="text"
          class="mono"
          spellcheck={false}
          value={signature}
          placeholder={TEXT.signaturePlaceholder}
          onInput={({ currentTarget }) => setSignature(currentTarget.value)}
        />
      </Field>
      {sent !== null && (
        <label class="field">
          {sent < 1 ? TEXT.sending : TEXT.reading}
          <progress max={1} value={sent} />
        </label>
      )}
      {answer !== null && <Outcome answer={answer} buildId={module?.buildId ?? ''} />}
      <div class="row">
        <button type="submit" class="main" disabled={module?.buildId == null || sent !== null}>
          {TEXT.submit}
        </button>
        <button type="button" onClick={close}>
          {TEXT.cancel}
        </button>
      </div>
    </form>
  );
}

function Field({
  label,
  problem,
  children,
}: {
  label: string;
  problem: { readonly detail: string; readonly found: string } | undefined;
  children: ComponentChildren;
}) {
  return (
    <label class="field">
      {label}
      {children}
      {problem !== undefined && (
        <span class="field-wrong foreign" role="alert">
          {TEXT.problem(problem.detail, problem.found)}
        </span>
      )}
    </label>
  );
}

/** What the registry did with the upload. */
function Outcome({ answer, buildId }: { answer: UploadAnswer; buildId: string }) {
  const { values } = useParameters();
  if (answer.outcome === 'REFUSED')
    return (
      <div class="message failure" role="alert">
        <strong>{answer.status === 0 ? TEXT.unreachable : TEXT.refused}</strong>
        <p class="foreign">{answer.detail}</p>
        <ul class="catalog-list">
          {answer.problems.map(({ pointer, detail, found }) => (
            <li key={pointer + detail} class="foreign">
              <code>{pointer || '/'}</code> {TEXT.problem(detail, found)}
            </li>
          ))}
        </ul>
      </div>
    );
  const { to, where, asOf } = values;
  return (
    <div class={answer.outcome === 'CONFLICT' ? 'note warning' : 'note'} role="status">
      <strong>{TEXT.outcomes[answer.outcome]}</strong>{' '}
      <a href={addressOf(`/catalog/${buildId}`, { to, where, asOf })}>{TEXT.show}</a>
      <ul class="catalog-list">
        {answer.conflicts.map((conflict) => (
          <li key={conflict} class="foreign">
            {conflict}
          </li>
        ))}
      </ul>
    </div>
  );
}
