import { freshnessLimits } from '@klpreg/compat';
import { PolicyDocument, problems, type Problem, secondsOf } from '@klpreg/wire';
import { RequestError } from '../errors.js';

/** @throws RequestError that names each wrong field by a pointer into the document */
export function toPolicyDocument(text: string, intervalSeconds: number): PolicyDocument {
  const given = readJson(text);
  const parsed = PolicyDocument.safeParse(given);
  if (!parsed.success) throw wrong(problems(parsed.error, given));
  const { late } = freshnessLimits(intervalSeconds);
  const tooOld = parsed.data.rules.flatMap(({ maxAge }, i): Problem[] =>
    maxAge === undefined || secondsOf(maxAge) <= late
      ? []
      : [
          {
            pointer: `/rules/${i}/maxAge`,
            detail:
              `must be at most ${late} s: facts that are older than ` +
              'five intervals of the agents are stale',
            found: JSON.stringify(maxAge),
          },
        ],
  );
  if (tooOld.length > 0) throw wrong(tooOld);
  return parsed.data;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong([{ pointer: '', detail: 'must be JSON', found: JSON.stringify(text.slice(0, 100)) }]);
  }
}

function wrong(found: readonly Problem[]): RequestError {
  const [{ pointer, detail, found: value }] = found as [Problem];
  const more = found.length === 1 ? '' : `; and ${found.length - 1} more`;
  return new RequestError(
    'BAD_USER_INPUT',
    `the policy is wrong at ${pointer === '' ? 'its root' : pointer}: ${detail}, found ${value}${more}`,
    found,
  );
}
