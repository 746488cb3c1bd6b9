import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What must be installed, with the file that shows that it is. `libc6-dev` has the static C library for the
 * guest's program.
 */
const INSTALLED = {
  'qemu-system-x86': '/usr/bin/qemu-system-x86_64',
  'gcc-12': '/usr/bin/gcc-12',
  make: '/usr/bin/make',
  binutils: '/usr/bin/strip',
  'libc6-dev': '/usr/lib/x86_64-linux-gnu/libc.a',
  'libelf-dev': '/usr/include/gelf.h',
};

const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

/** Installs the Debian packages that are missing. Only this needs root. */
export function installMissing(say) {
  const missing = Object.keys(INSTALLED).filter((name) => !existsSync(INSTALLED[name]));
  if (missing.length === 0) return;
  if (process.getuid() !== 0)
    throw new Error(
      `these Debian packages are missing: apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  say(`Installing Debian packages: ${missing.join(' ')}`);
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

const depends = (name, pattern) =>
  run('apt-cache', ['depends', '--no-recommends', '--no-suggests', name])
    .split('\n')
    .map((line) => pattern.exec(line)?.[1])
    .find((found) => found !== undefined);

/** The release of the newest cloud kernel that apt offers in this series; null where it offers none. */
export function newestRelease(series) {
  const meta = series === '6.1' ? 'linux-image-cloud-amd64' : `linux-image-${series}-cloud-amd64`;
  try {
    const release = depends(meta, /Depends: linux-image-(\S+-cloud-amd64)$/);
    return release?.startsWith(series) ? release : null;
  } catch {
    return null;
  }
}

/** The release before this one of the same series; null where apt offers none. */
export function releaseBefore(release) {
  const [, series, abi] = /^(\d+\.\d+)\.0-(\d+)-cloud-amd64$/.exec(release) ?? [];
  if (series === undefined) return null;
  const others = run('apt-cache', ['pkgnames', `linux-image-${series}.0-`])
    .split('\n')
    .map((name) => Number(/^linux-image-\d+\.\d+\.0-(\d+)-cloud-amd64$/.exec(name)?.[1]))
    .filter((other) => other < Number(abi));
  return others.length === 0 ? null : `${series}.0-${Math.max(...others)}-cloud-amd64`;
}

/** Downloads and unpacks Debian packages into a folder, once. Nothing of them is installed. */
function unpack(names, folder, say) {
  const done = path.join(folder, 'complete');
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say(`Downloading ${names.join(' ')}`);
  run('apt-get', ['download', '-qq', ...names], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', file, '.'], { cwd: folder });
    rmSync(path.join(folder, file));
  }
  writeFileSync(done, `${names.join('\n')}\n`);
  return folder;
}

/** The kernel of this release, from Debian's package. */
export const getImage = (release, folder, say) =>
  path.join(
    unpack([`linux-image-${release}`], path.join(folder, release, 'image'), say),
    'boot',
    `vmlinuz-${release}`,
  );

/** What modules for this kernel are built against: a folder for `make -C`. */
export function getHeaders(release, folder, say) {
  const to = path.resolve(folder, release, 'headers');
  const headers = path.join(to, 'usr/src', `linux-headers-${release}`);
  if (existsSync(path.join(to, 'complete'))) return headers;
  const common = depends(`linux-headers-${release}`, /Depends: (linux-headers-\S+-common)$/);
  const kbuild = depends(`linux-headers-${release}`, /Depends: (linux-kbuild-\S+)$/);
  unpack([`linux-headers-${release}`, common, kbuild], `${to}.new`, say);
  // The package expects to be below /usr/src.
  const makefile = path.join(`${to}.new`, 'usr/src', `linux-headers-${release}`, 'Makefile');
  writeFileSync(makefile, readFileSync(makefile, 'utf8').replaceAll('/usr/src/', `${to}/usr/src/`));
  renameSync(`${to}.new`, to);
  return headers;
}
