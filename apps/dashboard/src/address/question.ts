/**
 * A target in an address: `to=previous`, `original`, `release:NAME`, `name:NAME`, `build-id:HEX` or `HEX`.
 */
export interface TargetInput {
  readonly previous?: true;
  readonly original?: true;
  readonly release?: string;
  readonly name?: string;
  readonly buildId?: string;
}

const BUILD_ID = /^(?:[0-9a-f]{2}){8,64}$/;

export const isBuildId = (text: string): boolean => BUILD_ID.test(text);

/** Reads a target as `klpreg --to` has it. Nothing is the previous livepatch. */
export function targetOf(to: string | undefined): TargetInput {
  if (to === undefined || to === '' || to === 'previous') return { previous: true };
  if (to === 'original') return { original: true };
  if (to.startsWith('release:')) return { release: to.slice('release:'.length) };
  if (to.startsWith('build-id:')) return { buildId: to.slice('build-id:'.length) };
  if (to.startsWith('name:')) return { name: to.slice('name:'.length) };
  return isBuildId(to) ? { buildId: to } : { release: to };
}

/** A time of a date field, which is in the time zone of the person, as UTC. Undefined if it is none. */
export function instantOf(local: string): string | undefined {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** A time in UTC for a date field. */
export function localOf(instant: string | undefined): string {
  const time = new Date(instant ?? '');
  if (Number.isNaN(time.getTime())) return '';
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Puts an argument in quotes for a shell, if it needs them. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A target as an argument of `klpreg`, from an address. */
export const targetArgument = (to: string): string => quoted(isBuildId(to) ? `build-id:${to}` : to);
