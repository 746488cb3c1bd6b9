import path from 'node:path';
import { list } from 'tar';
import type { Build } from './builds.js';
import { relabel } from './relabel.js';

/** Module files for builds that were never built, made of those that were captured. */
export class ModuleFiles {
  private readonly captured = new Map<string, Buffer>();

  /** @param project where `libs/module/fixtures` is */
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

  /** The file of this build; null: it has none, and its publisher only tells its facts. */
  fileOf({ livepatch, kernel, name, buildId, hasFile }: Build): Buffer | null {
    if (!hasFile) return null;
    const module = this.captured.get(`${kernel.captured}/${livepatch.module}.ko`);
    if (module === undefined) throw new Error(`${livepatch.module} was not captured on Linux ${kernel.captured}`);
    return relabel(module, { name, vermagic: kernel.vermagic, srcversion: livepatch.srcversion, buildId });
  }
}
