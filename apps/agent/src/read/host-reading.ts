import { basename } from 'node:path';
import type { ModuleReading } from '@klpreg/module';
import type { Report } from '@klpreg/wire';
import type { ModuleFile } from './module-files.js';

type HostReading = NonNullable<Report['livepatches'][number]['reading']>;

const MAX_STATES = 4096;

const printable = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f]/g, '?').slice(0, 500) || 'no reason given';

const unknown = (sha: string | null, why: string): HostReading => ({
  evidence: 'FILE',
  sha256: sha,
  replace: null,
  states: null,
  unreadable: printable(why),
  impact: 'UNREADABLE',
  callbacks: null,
});

function callbacksOf(reading: ModuleReading): HostReading['callbacks'] {
  const { objects } = reading;
  if (objects === null) return null;
  const any = (which: 'prePatch' | 'postPatch' | 'preUnpatch' | 'postUnpatch') =>
    objects.some((object) => object.callbacks[which]);
  return {
    prePatch: any('prePatch'),
    postPatch: any('postPatch'),
    preUnpatch: any('preUnpatch'),
    postUnpatch: any('postUnpatch'),
  };
}

/**
 * Returns what a loaded module declares, according to the files with its build-id.
 *
 * @param files the files with that build-id; if two of them
 *   differ, the result is unreadable, because only one was loaded
 * @returns null without a file
 */
export function readingOf(files: readonly ModuleFile[]): HostReading | null {
  const [first, ...rest] = files;
  if (first === undefined) return null;
  const other = rest.find((file) => file.sha256 !== first.sha256);
  if (other !== undefined) {
    const named = (file: ModuleFile) => `${basename(file.file)} (SHA-256 ${file.sha256.slice(0, 12)}…)`;
    return unknown(null, `two files with this build-id differ: ${named(first)} and ${named(other)}`);
  }
  const { reading } = first;
  if (reading === null) return unknown(first.sha256, first.broken ?? 'not a module');
  if (reading.states !== null && reading.states.length > MAX_STATES)
    return unknown(first.sha256, `declares more than ${MAX_STATES} states`);
  return {
    evidence: 'FILE',
    sha256: reading.sha256,
    replace: reading.replace,
    states: reading.states?.map(({ id, version }) => ({ id: id.toString(), version })) ?? null,
    unreadable:
      reading.unreadable === null
        ? null
        : printable(`${reading.unreadable.code}: ${reading.unreadable.text}`),
    impact: reading.impact,
    callbacks: callbacksOf(reading),
  };
}
