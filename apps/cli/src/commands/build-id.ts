import { usage } from '../exits.js';

/** Reads the build-id in an argument. */
export function buildIdFrom(text: string): string {
  const buildId = text.toLowerCase();
  if (/^(?:[0-9a-f]{2}){8,64}$/.test(buildId)) return buildId;
  throw usage(
    `'${buildId}' is not a build-id`,
    'it has 16 to 128 hexadecimal digits; klpreg patch list shows published ones',
  );
}
