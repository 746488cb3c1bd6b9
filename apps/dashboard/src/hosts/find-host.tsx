import { useLocation } from 'preact-iso/router';
import { useState } from 'preact/hooks';
import { registry } from '../registry/client.js';
import { failureOf } from '../registry/failure.js';
import { HOSTS } from '../texts/hosts.js';
import { FIND_HOST, FIND_HOST_BY_ID } from './generated/operations.js';

/** Opens a host by its name or id. */
export function FindHost() {
  const { route } = useLocation();
  const [name, setName] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const find = async () => {
    const wanted = name.trim();
    if (wanted === '') return;
    const byName = await registry.query(FIND_HOST, { name: wanted }).toPromise();
    // a text that is no id is an error, which says less than that there is no such host
    const byId =
      byName.data?.host == null && (await registry.query(FIND_HOST_BY_ID, { id: wanted }).toPromise());
    const found = byName.data?.host ?? (byId ? byId.data?.host : null);
    if (found != null) route(`/hosts/${encodeURIComponent(found.id)}`);
    else setWrong(byName.error === undefined ? HOSTS.notFound(wanted) : failureOf(byName.error).message);
  };
  return (
    <form
      class="fields"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        void find();
      }}
    >
      <label class="field">
        {HOSTS.find}
        <input
          type="search"
          value={name}
          placeholder={HOSTS.findPlaceholder}
          spellcheck={false}
          onInput={({ currentTarget }) => {
            setName(currentTarget.value);
            setWrong(null);
          }}
        />
      </label>
      <button type="submit">{HOSTS.findSubmit}</button>
      {wrong !== null && (
        <p class="field-wrong foreign" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}
