import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { extract } from 'tar';
import type { DemoHost, Kernel } from './hosts.js';
import type { Release } from './releases.js';

/** Contents by path. A path that ends with `/` is an empty folder. */
type Files = Readonly<Record<string, string>>;

/** Files that the captured trees lack: see the README of the agent's fixtures. */
interface Added {
  readonly files: Files;
  /** Files that replace those of a tree, for the state before the first livepatch of the boot. */
  readonly atBoot: Files;
}

/** The agent's flags for two instants of one boot: before the first livepatch, and now. */
export interface HostRoots {
  readonly atBoot: readonly string[];
  readonly now: readonly string[];
}

/** The unpacked modules and trees, which were captured on real kernels. */
export class CapturedFiles {
  private constructor(private readonly folder: string) {}

  /** Unpacks the modules and the trees of the hosts. */
  static async unpack(project: string, folder: string, hosts: readonly DemoHost[]): Promise<CapturedFiles> {
    const trees = new Set(hosts.flatMap(({ kernel, tree }) => (tree === null ? [] : [`${kernel}/${tree}`])));
    const fixtures = path.join(project, 'apps/agent/fixtures');
    await Promise.all(
      (['6.1', '7.3'] as const).flatMap((kernel) => [
        unpackOne(
          path.join(project, `libs/module/fixtures/modules-${kernel}.tar.gz`),
          path.join(folder, 'modules'),
        ),
        unpackOne(path.join(fixtures, `trees-${kernel}.tar.gz`), path.join(folder, 'trees'), trees),
      ]),
    );
    const added = JSON.parse(await readFile(path.join(fixtures, 'added.json'), 'utf8')) as Added;
    for (const tree of trees) {
      await writeFiles(path.join(folder, 'trees', tree), added.files);
      await writeBootState(
        path.join(folder, 'boot', tree.split('/', 1)[0]!),
        path.join(folder, 'trees', tree),
        added,
      );
    }
    return new CapturedFiles(folder);
  }

  modules(kernel: Kernel): string {
    return path.join(this.folder, 'modules', kernel);
  }

  module(kernel: Kernel, name: string): string {
    return path.join(this.modules(kernel), `${name}.ko`);
  }

  /** Returns the roots of a host. Hosts with the same setup share a tree; each has its own machine id. */
  async roots({ hostname, kernel, tree }: DemoHost): Promise<HostRoots> {
    const own = path.join(this.folder, 'hosts', hostname);
    const machineId = createHash('sha256').update(`demo/${hostname}`).digest('hex').slice(0, 32);
    await writeFiles(own, { 'etc/machine-id': `${machineId}\n` });
    const flags = (at: string) => [
      '--root',
      own,
      '--sys',
      path.join(at, 'sys'),
      '--proc',
      path.join(at, 'proc'),
    ];
    const atBoot = flags(path.join(this.folder, 'boot', kernel));
    return { atBoot, now: tree === null ? atBoot : flags(path.join(this.folder, 'trees', kernel, tree)) };
  }

  /** Writes the author statement of a release, if there is one, next to each of its modules. */
  async writeStatement({ module, author }: Release): Promise<void> {
    if (author === null) return;
    // JSON is a subset of YAML
    const text = JSON.stringify(author, null, 2);
    const files = (['6.1', '7.3'] as const).map((kernel) =>
      path.join(this.modules(kernel), `${module}.klp.yaml`),
    );
    await Promise.all(files.map((file) => writeFile(file, text)));
  }
}

/** Files that are the same before and after the first livepatch. */
const KERNEL_FILES = ['proc/sys/kernel/osrelease', 'proc/sys/kernel/version'];

/** Writes the tree of a kernel before the first livepatch of the boot. */
async function writeBootState(root: string, tree: string, added: Added): Promise<void> {
  const read = async (file: string) => [file, await readFile(path.join(tree, file), 'utf8')] as const;
  const kernelFiles = await Promise.all(KERNEL_FILES.map(read));
  await writeFiles(root, { ...Object.fromEntries(kernelFiles), ...added.files, ...added.atBoot });
}

async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(name.endsWith('/') ? file : path.dirname(file), { recursive: true });
    if (!name.endsWith('/')) await writeFile(file, content);
  }
}

/** @param trees the folders `a/b/c` to unpack; the default is all */
async function unpackOne(archive: string, folder: string, trees?: ReadonlySet<string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const filter = (name: string) => trees === undefined || trees.has(name.split('/', 3).join('/'));
  await extract({ file: archive, cwd: folder, filter });
}
