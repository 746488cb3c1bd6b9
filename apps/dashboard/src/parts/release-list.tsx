import { addressOf, useParameters } from '../address/parameters.js';
import { QUESTION } from '../texts/shell.js';
import { NO_FILE } from './question-fields.js';
import { newestFirst } from './release-order.js';
import { useReleases } from './use-releases.js';

const MOST = 8;

/** The newest releases, to choose one. */
export function ReleaseList({ name }: { name: 'to' | 'what' }) {
  const { path, values } = useParameters();
  const newest = newestFirst(useReleases()).slice(0, MOST);
  return newest.length === 0 ? null : (
    <p class="row">
      <span class="muted">{QUESTION.releases}</span>
      {newest.map((release) => (
        <a
          key={release.name}
          class="one-line chip"
          title={release.name}
          href={addressOf(path, { ...values, ...NO_FILE, [name]: `release:${release.name}` })}
          aria-current={
            values[name] === `release:${release.name}` || values[name] === release.name ? 'true' : undefined
          }
        >
          {release.name}
        </a>
      ))}
    </p>
  );
}
