import { lstatSync, statSync, type Stats } from 'node:fs';

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/**
 * Returns why a file must not be used as a secret. Null if it may.
 *
 * The file, and a link to it, must belong to this user or to root.
 * Other users must not read or write it. Its group may read it.
 */
export function secretObjection(path: string, user = process.getuid?.() ?? 0): string | null {
  const [link, file] = [
    lstatSync(path, { throwIfNoEntry: false }),
    statSync(path, { throwIfNoEntry: false }),
  ];
  if (link === undefined || file === undefined) return 'no longer exists';
  return foreign(link, user) ?? foreign(file, user) ?? exposed(file);
}

/**
 * Returns why a configuration file must not be used. Null
 * if it may. Its writer controls where the token is sent.
 */
export function configurationObjection(path: string, user = process.getuid?.() ?? 0): string | null {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return 'no longer exists';
  if ((file.mode & 0o002) !== 0)
    return `can be changed by every user (mode ${octal(file.mode)}); make it 0644`;
  return foreign(file, user);
}

/** Returns why the owner of a file is not accepted. Null for this user and root. */
export const foreign = ({ uid }: Pick<Stats, 'uid'>, user: number): string | null =>
  uid === user || uid === 0
    ? null
    : `belongs to user ${uid}, and this program runs as user ${user}; allowed: this user or root`;

const exposed = ({ mode }: Pick<Stats, 'mode'>): string | null =>
  (mode & 0o026) === 0
    ? null
    : `can be read or changed by other users (mode ${octal(mode)}); make it 0600 or 0640`;
