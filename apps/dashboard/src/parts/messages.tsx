import type { ComponentChildren } from 'preact';
import type { Failure } from '../registry/failure.js';
import type { Question } from '../registry/use-question.js';
import { FAILURES, SHELL } from '../texts/shell.js';

/** Says that an answer is on its way. */
export const Loading = () => (
  <p class="message" role="status">
    {SHELL.loading}
  </p>
);

/** Says that there is nothing to show, and what to do next. */
export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="message">
    <strong>{title}</strong> {children}
  </div>
);

/** Says what failed, what the registry found, and what to do next. */
export function Failed({ failure, again }: { failure: Failure; again?: () => void }) {
  const { title, next } = FAILURES[failure.code] ?? FAILURES.OTHER!;
  return (
    <div class="message failure" role="alert">
      <strong>{title}</strong> {next}
      {failure.message !== '' && <p class="foreign muted">{failure.message}</p>}
      {again !== undefined && (
        <p>
          <button type="button" onClick={again}>
            {SHELL.again}
          </button>
        </p>
      )}
    </div>
  );
}

/** Shows the answer to a question, or that it is on its way, or why there is none. */
export function Answer<Data>({
  of,
  children,
}: {
  of: Question<Data>;
  children: (data: Data) => ComponentChildren;
}) {
  return (
    <>
      {of.failure !== undefined && <Failed failure={of.failure} again={of.again} />}
      {of.data === undefined ? of.failure === undefined && <Loading /> : children(of.data)}
    </>
  );
}
