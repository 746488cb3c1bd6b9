import { EXIT, Failure, notAuthorised, unexpected } from '../exits.js';
import { clean } from '../show/clean.js';

/** Codes of usage errors, which a retry does not cure. A snapshot that is gone stays gone. */
const USAGE_ERRORS = ['BAD_USER_INPUT', 'AMBIGUOUS', 'NOT_FOUND', 'SNAPSHOT_GONE'];
const NOT_AUTHORISED = ['UNAUTHENTICATED', 'FORBIDDEN'];

const field = (value: unknown, key: string): unknown =>
  value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? clean(value) : null;

/** The flags for the arguments that the registry's messages name. */
const FLAGS: Readonly<Record<string, string>> = { asOf: '--as-of', maxAge: '--max-age' };
const withFlagNames = (message: string): string =>
  message.replaceAll(/`(\w+)`/g, (written, argument: string) => FLAGS[argument] ?? written);

/**
 * Converts the `errors` of a GraphQL response to a failure.
 *
 * A partial answer is not an answer: data next to errors is ignored.
 */
export function fromGraphqlErrors(errors: readonly unknown[]): Failure {
  const found = errors.map((error) => ({
    code: textOf(field(field(error, 'extensions'), 'code')) ?? 'no code',
    message: withFlagNames(textOf(field(error, 'message')) ?? 'no message'),
  }));
  const [message, ...more] = found.map((error) => `${error.message} (${error.code})`) as [
    string,
    ...string[],
  ];
  if (found.some((error) => NOT_AUTHORISED.includes(error.code)))
    return notAuthorised(`not authorised: ${message}`, ...more, TOKEN_HINT);
  const code = more.length === 0 ? found[0]!.code : null;
  return found.every((error) => USAGE_ERRORS.includes(error.code))
    ? new Failure(EXIT.USAGE, message, more, code)
    : new Failure(EXIT.UNREACHABLE, `the registry could not answer: ${message}`, more, code);
}

const TOKEN_HINT =
  'sign in (klpreg login), or give a token: --token-file FILE, ' +
  'KLPREG_TOKEN, or token_file in the configuration';

/** Converts an HTTP error to a failure, with its RFC 9457 problem details if it has any. */
export function fromStatus(status: number, body: unknown, what: string): Failure {
  const title = textOf(field(body, 'detail')) ?? textOf(field(body, 'title')) ?? `HTTP ${status}`;
  const code = textOf(field(body, 'code'));
  const problems = field(body, 'errors');
  const hints = (Array.isArray(problems) ? problems : []).slice(0, 20).map((problem) => {
    const found = textOf(field(problem, 'found'));
    return (
      `${textOf(field(problem, 'pointer')) ?? 'document'}: ` +
      `${textOf(field(problem, 'detail')) ?? 'wrong'}${found === null ? '' : ` (found ${found})`}`
    );
  });
  const message = `${what}: ${title}${code === null ? '' : ` (${code})`}`;
  if (status === 401 || status === 403) return notAuthorised(message, ...hints, TOKEN_HINT);
  return unexpected(message, ...hints);
}
