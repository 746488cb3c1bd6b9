import path from 'node:path';
import { list } from 'tar';
import type { Build } from './builds.js';
import { rewriteModule } from './rewrite-module.js';

/** Makes the module files of the fleet's builds from captured modules. */
export class ModuleFiles {
  private readonly captured = new Map<string, Buffer>();

  /** @param project the folder that contains `libs/module/fixtures` */
  constructor(project: string) {
    for (const kernel of ['6.1', '7.3'])
      list({
        sync: true,
        file: path.join(project, `libs/module/fixtures/modules-${kernel}.tar.gz`),
        onReadEntry: (entry) => {
          const parts: Buffer[] = [];
          entry.on('data', (part: Buffer) => parts.push(part));
          entry.on('end', () => this.captured.set(entry.path, Buffer.concat(parts)));
        },
      });
  }

  /** Returns the module file of a build; null if its publisher sends the facts only. */
  fileOf({ livepatch, kernel, name, buildId, hasFile }: Build): Buffer | null {
    if (!hasFile) return null;
    const module = this.captured.get(`${kernel.captured}/${livepatch.module}.ko`);
    if (module === undefined)
      throw new Error(`${livepatch.module}: not captured on Linux ${kernel.captured}`);
    return rewriteModule(module, {
      name,
      vermagic: kernel.vermagic,
      srcversion: livepatch.srcversion,
      buildId,
    });
  }
}
