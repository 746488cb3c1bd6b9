import { machine } from 'node:os';
import { basename, dirname } from 'node:path';
import type { Report } from '@klpreg/wire';
import { Failure, unreadable } from '../failure.js';
import type { Settings } from '../settings.js';
import { uuidOf } from '../uuid.js';
import { archOfTree } from './arch.js';
import { readAttribute, readBytes, readText } from './attribute.js';
import { readDistribution } from './os-release.js';
import { readMachine } from './machine-id.js';
import { buildIdOf } from './build-id-note.js';
import { orNull } from './read-problems.js';
import type { Paths } from './paths.js';

const needed = (path: string, text: string | null, flag: string): string => {
  if (text === null)
    throw unreadable(path, `does not exist; is this the tree of a host? ${flag} can replace it`);
  return text;
};

/** Returns the running kernel's release. */
export function readRelease(paths: Paths, settings: Settings): string {
  if (settings.kernelRelease !== null) return settings.kernelRelease;
  return needed(
    paths.kernelRelease,
    readAttribute(paths.kernelRelease, /^[!-~]{1,128}$/, 'a kernel release'),
    '--kernel-release',
  );
}

/** Returns the boot id. @throws Failure UNREADABLE if there is none */
export function readBootId(paths: Paths, settings: Settings, instance: string, warnings: string[]): string {
  if (settings.bootId !== null) return settings.bootId;
  const found = readAttribute(paths.bootId, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a UUID');
  if (found !== null) return found;
  if (!settings.isTree) throw unreadable(paths.bootId, 'does not exist');
  // A captured tree is one instant of one boot, so a constant id is correct.
  const made = uuidOf(`boot:${instance}`);
  warnings.push(
    `a captured tree has no boot id: using ${made}, derived from its instance; set --boot-id for a real one`,
  );
  return made;
}

function readHostname(paths: Paths, settings: Settings): string {
  if (settings.hostname !== null) return settings.hostname;
  const found = readAttribute(
    paths.hostname,
    /^[^\u0000-\u001f\u007f]{1,253}$/,
    'a host name of at most 253 characters',
  );
  if (found !== null) return found;
  if (!settings.isTree) throw unreadable(paths.hostname, 'does not exist; --hostname can replace it');
  const { root, sys } = settings.roots;
  const folder = root === '/' ? dirname(sys) : root;
  return [basename(dirname(folder)), basename(folder)].filter((part) => part !== '').join('-') || 'tree';
}

function readArch(paths: Paths, moduleArch: string | null, release: string, warnings: string[]): string {
  const ofKernel = orNull(warnings, () =>
    readAttribute(paths.kernelArch, /^[a-z0-9_]{1,32}$/, 'an architecture such as x86_64'),
  );
  return archOfTree(
    moduleArch,
    ofKernel,
    release,
    orNull(warnings, () => readText(paths.kernelBanner)),
    warnings,
  );
}

/** Facts that are read before. */
interface Known {
  /** The registry's id of the host. */
  readonly instance: string;
  readonly bootId: string;
  /** The architecture of a loaded module's file. Null if none was found. */
  readonly moduleArch: string | null;
}

/**
 * Reads the identity of the host and its kernel.
 *
 * @param warnings receives a sentence for each fact that cannot be read and is null
 * @throws Failure UNREADABLE with the missing path
 */
export function readHost(
  paths: Paths,
  settings: Settings,
  { instance, bootId, moduleArch }: Known,
  warnings: string[],
): Report['host'] {
  const maybe = <T>(read: () => T): T | null => orNull(warnings, read);
  const kernelRelease = readRelease(paths, settings);
  const kernelVersion = needed(
    paths.kernelVersion,
    readAttribute(paths.kernelVersion, /^[^\u0000-\u001f\u007f]{1,256}$/, 'a line of at most 256 characters'),
    '--root',
  );
  const arch =
    settings.arch ?? (settings.isTree ? readArch(paths, moduleArch, kernelRelease, warnings) : machine());
  const hostname = readHostname(paths, settings);
  if (hostname.length > 253)
    throw new Failure(
      'USAGE',
      `the host name ${hostname.slice(0, 40)}… is longer than 253 characters; set --hostname`,
    );
  return {
    instance,
    machine: maybe(() => readMachine(paths.machineId)),
    hostname,
    labels: settings.labels,
    bootId,
    kernelRelease,
    kernelVersion,
    kernelBuildId: maybe(() => buildIdOf(readBytes(paths.kernelNotes, 1 << 16) ?? Buffer.alloc(0))),
    arch,
    distribution: maybe(() => readDistribution(paths.distribution)),
  };
}
