import { lstatSync, statSync, type Stats } from 'node:fs';

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/**
 * Returns why a file must not be taken as a secret; null if it may.
 *
 * It and a link to it belong to this user or to root, and other users neither read nor write it. Its group may read it.
 */
export function secretObjection(path: string, user = process.getuid?.() ?? 0): string | null {
  const [link, file] = [lstatSync(path, { throwIfNoEntry: false }), statSync(path, { throwIfNoEntry: false })];
  if (link === undefined || file === undefined) return 'is not there any more';
  return foreign(link, user) ?? foreign(file, user) ?? exposed(file);
}

/** Returns why a configuration file must not be taken; null if it may. Its writer decides where the token goes. */
export function configurationObjection(path: string, user = process.getuid?.() ?? 0): string | null {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return 'is not there any more';
  if ((file.mode & 0o002) !== 0) return `can be changed by every user (mode ${octal(file.mode)}); make it 0644`;
  return foreign(file, user);
}

/** Returns why a file of another user is not taken; null if it is of this user or of root. */
export const foreign = ({ uid }: Pick<Stats, 'uid'>, user: number): string | null =>
  uid === user || uid === 0 ? null : `belongs to user ${uid}, and this agent runs as user ${user}; allowed: this user or root`;

const exposed = ({ mode }: Pick<Stats, 'mode'>): string | null =>
  (mode & 0o026) === 0 ? null : `can be read or changed by other users (mode ${octal(mode)}); make it 0600 or 0640`;
