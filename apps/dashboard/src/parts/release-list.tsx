import { addressOf, useParameters } from '../address/parameters.js';
import { useQuestion } from '../registry/use-question.js';
import { QUESTION } from '../texts/shell.js';
import { NEWEST_RELEASES } from './generated/operations.js';

const MOST = 8;

/** The newest releases, to choose one. Of more than 100 it knows the last by name. */
export function ReleaseList({ name }: { name: 'to' | 'what' }) {
  const { path, values } = useParameters();
  const { data } = useQuestion(NEWEST_RELEASES, {});
  const newest = [...(data?.releases.nodes ?? [])]
    .sort((a, b) => b.publishedAt.localeCompare(a.publishedAt))
    .slice(0, MOST);
  return newest.length === 0 ? null : (
    <p class="row">
      <span class="muted">{QUESTION.releases}</span>
      {newest.map((release) => (
        <a
          key={release.name}
          class="one-line chip"
          title={release.name}
          href={addressOf(path, { ...values, [name]: `release:${release.name}` })}
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
