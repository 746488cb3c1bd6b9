import { RequestError } from '../errors.js';
import type { TargetInput } from './generated/schema.js';

/** The targets that are always watched. */
export const ALWAYS_WATCHED = ['original', 'previous'] as const;

const FORMS = { release: 'release', name: 'name', buildId: 'build-id' } as const;

/**
 * Returns a target as one word, as the command line writes it: `original`, `release:web-2026.10`.
 *
 * @throws RequestError unless it has exactly one field, and none that leaves
 */
export function targetText(to: TargetInput): string {
  const given = [
    ...(to.original === true ? ['original'] : []),
    ...(to.previous === true ? ['previous'] : []),
    ...(['release', 'name', 'buildId'] as const).flatMap((field) =>
      to[field] == null
        ? []
        : [`${FORMS[field]}:${field === 'buildId' ? to[field].toLowerCase() : to[field]}`],
    ),
  ];
  if (given.length !== 1 || to.leaving != null || to.manifest != null)
    throw new RequestError(
      'BAD_USER_INPUT',
      'a watched target has exactly one of buildId, release, name, original and previous, and no `leaving`',
    );
  return given[0]!;
}

/** Returns the target of such a word. */
export function targetOf(text: string): TargetInput {
  if (text === 'original') return { original: true };
  if (text === 'previous') return { previous: true };
  const at = text.indexOf(':');
  const [form, value] = [text.slice(0, at), text.slice(at + 1)];
  return form === 'build-id' ? { buildId: value } : form === 'name' ? { name: value } : { release: value };
}
