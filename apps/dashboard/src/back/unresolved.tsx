import { addressOf, type Parameters, useParameters } from '../address/parameters.js';
import { mostRunFirst } from '../parts/release-order.js';
import { useReleases } from '../parts/use-releases.js';
import { NO_FILE } from '../parts/question-fields.js';
import { BACK } from '../texts/back.js';

const MOST = 3;
/** What is about the answer to the question of before. */
const ANSWER: Parameters = {
  kind: undefined,
  code: undefined,
  block: undefined,
  hostsAfter: undefined,
  reasonsAfter: undefined,
  planAfter: undefined,
};

/** Says why no host has a verdict, if the target cannot be resolved, and leads to targets that can. */
export function Unresolved({ isPrevious }: { isPrevious: boolean }) {
  const { path, values } = useParameters();
  const releases = mostRunFirst(useReleases()).slice(0, MOST);
  const to = (changes: Parameters) => addressOf(path, { ...values, ...ANSWER, ...changes });
  return (
    <p class="note">
      {isPrevious ? BACK.unresolved.previous : BACK.unresolved.other}{' '}
      {releases.length > 0 && (
        <>
          {BACK.unresolved.choose}{' '}
          {releases.map(({ name }, index) => (
            <>
              {index > 0 && ', '}
              <a key={name} class="foreign" href={to({ ...NO_FILE, to: `release:${name}` })}>
                {name}
              </a>
            </>
          ))}
          {'. '}
        </>
      )}
      {values.route !== 'best' && (
        <>
          {BACK.unresolved.or} <a href={to({ route: 'best' })}>{BACK.unresolved.anyRoute}</a>.
        </>
      )}
    </p>
  );
}
