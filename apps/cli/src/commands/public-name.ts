import { PublicName } from '@klpreg/wire';
import { usage } from '../exits.js';

/** Checks the name of a release or an owner before anything is sent. @throws Failure 2 */
export function publicName(flag: string, text: string): string {
  const parsed = PublicName.safeParse(text);
  if (parsed.success) return text;
  throw usage(`${flag}: '${text}' is not a name: it ${parsed.error.issues[0]!.message}`);
}
