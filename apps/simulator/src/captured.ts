import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { extract } from 'tar';
import type { Kernel, Machine } from './shop/fleet.js';
import type { Release } from './shop/releases.js';

/** What real kernels showed, unpacked: the modules, and the trees of hosts that ran them. */
export class Captured {
  private constructor(private readonly folder: string) {}

  /** Unpacks what the tests of the other rooms were captured for. */
  static async unpack(project: string, folder: string): Promise<Captured> {
    await Promise.all(
      (['6.1', '7.3'] as const).flatMap((kernel) => [
        unpackOne(path.join(project, `libs/module/fixtures/modules-${kernel}.tar.gz`), path.join(folder, 'modules')),
        unpackOne(path.join(project, `apps/agent/fixtures/trees-${kernel}.tar.gz`), path.join(folder, 'trees')),
      ]),
    );
    return new Captured(folder);
  }

  modules(kernel: Kernel): string {
    return path.join(this.folder, 'modules', kernel);
  }

  module(kernel: Kernel, name: string): string {
    return path.join(this.modules(kernel), `${name}.ko`);
  }

  tree({ kernel, tree }: Machine): string {
    return path.join(this.folder, 'trees', kernel, tree);
  }

  /** Puts the author's word beside each build of a release, where its author has given one. JSON is YAML too. */
  async writeAuthor({ module, author }: Release): Promise<void> {
    if (author === null) return;
    await Promise.all(
      (['6.1', '7.3'] as const).map((kernel) => writeFile(path.join(this.modules(kernel), `${module}.klp.yaml`), JSON.stringify(author, null, 2))),
    );
  }
}

async function unpackOne(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await extract({ file: archive, cwd: folder });
}
