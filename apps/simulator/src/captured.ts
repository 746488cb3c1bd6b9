import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { extract } from 'tar';
import type { Kernel, Machine } from './shop/fleet.js';
import type { Release } from './shop/releases.js';

/** Paths and what is in them; a path that ends with `/` is an empty folder. */
type Files = Readonly<Record<string, string>>;

/** What the captured trees lack: see the README of the agent's fixtures. */
interface Added {
  readonly files: Files;
  /** In place of the tree's own, before the first livepatch of the boot. */
  readonly atBoot: Files;
}

/** The flags with which the agent reads one host at two instants of one boot: before its first livepatch, and now. */
export interface HostRoots {
  readonly atBoot: readonly string[];
  readonly now: readonly string[];
}

/** What real kernels showed, unpacked: the modules, and the trees of hosts that ran them. */
export class Captured {
  private constructor(private readonly folder: string) {}

  /** Unpacks the modules, and the trees of these hosts. */
  static async unpack(project: string, folder: string, machines: readonly Machine[]): Promise<Captured> {
    const shown = new Set(machines.flatMap(({ kernel, tree }) => (tree === null ? [] : [`${kernel}/${tree}`])));
    const fixtures = path.join(project, 'apps/agent/fixtures');
    await Promise.all(
      (['6.1', '7.3'] as const).flatMap((kernel) => [
        unpackOne(path.join(project, `libs/module/fixtures/modules-${kernel}.tar.gz`), path.join(folder, 'modules')),
        unpackOne(path.join(fixtures, `trees-${kernel}.tar.gz`), path.join(folder, 'trees'), shown),
      ]),
    );
    const added = JSON.parse(await readFile(path.join(fixtures, 'added.json'), 'utf8')) as Added;
    for (const tree of shown) {
      await plant(path.join(folder, 'trees', tree), added.files);
      await plantBoot(path.join(folder, 'boot', tree.split('/', 1)[0]!), path.join(folder, 'trees', tree), added);
    }
    return new Captured(folder);
  }

  modules(kernel: Kernel): string {
    return path.join(this.folder, 'modules', kernel);
  }

  module(kernel: Kernel, name: string): string {
    return path.join(this.modules(kernel), `${name}.ko`);
  }

  /** Hosts share the tree of what they run, with the files that captured trees lack. The machine id is the host's own. */
  async roots({ hostname, kernel, tree }: Machine): Promise<HostRoots> {
    const own = path.join(this.folder, 'hosts', hostname);
    const machineId = createHash('sha256').update(`demo/${hostname}`).digest('hex').slice(0, 32);
    await plant(own, { 'etc/machine-id': `${machineId}\n` });
    const flags = (at: string) => ['--root', own, '--sys', path.join(at, 'sys'), '--proc', path.join(at, 'proc')];
    const atBoot = flags(path.join(this.folder, 'boot', kernel));
    return { atBoot, now: tree === null ? atBoot : flags(path.join(this.folder, 'trees', kernel, tree)) };
  }

  /** Puts the author's word next to each build of a release, where its author has given one. JSON is YAML too. */
  async writeAuthor({ module, author }: Release): Promise<void> {
    if (author === null) return;
    await Promise.all(
      (['6.1', '7.3'] as const).map((kernel) => writeFile(path.join(this.modules(kernel), `${module}.klp.yaml`), JSON.stringify(author, null, 2))),
    );
  }
}

/** The same before the first livepatch and after it. */
const KERNEL_FILES = ['proc/sys/kernel/osrelease', 'proc/sys/kernel/version'];

/** Makes a host of a kernel before its first livepatch. */
async function plantBoot(root: string, tree: string, added: Added): Promise<void> {
  const kernelFiles = await Promise.all(KERNEL_FILES.map(async (file) => [file, await readFile(path.join(tree, file), 'utf8')] as const));
  await plant(root, { ...Object.fromEntries(kernelFiles), ...added.files, ...added.atBoot });
}

async function plant(root: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(name.endsWith('/') ? file : path.dirname(file), { recursive: true });
    if (!name.endsWith('/')) await writeFile(file, content);
  }
}

/** @param shown folders `a/b/c` that are wanted; all if it is not given */
async function unpackOne(archive: string, folder: string, shown?: ReadonlySet<string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const filter = (name: string) => shown === undefined || shown.has(name.split('/', 3).join('/'));
  await extract({ file: archive, cwd: folder, filter });
}
