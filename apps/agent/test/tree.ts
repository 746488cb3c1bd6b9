import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A tree by hand: paths and what is in them; a path that ends with `/` is an empty folder. */
export type Files = Readonly<Record<string, string | Buffer>>;

/** An ELF note with this build-id, as the kernel shows it. */
export function buildIdNote(buildId: string): Buffer {
  const id = Buffer.from(buildId, 'hex');
  const header = Buffer.alloc(12);
  header.writeUInt32LE(4, 0);
  header.writeUInt32LE(id.length, 4);
  header.writeUInt32LE(3, 8);
  return Buffer.concat([header, Buffer.from('GNU\0'), id]);
}

/** A host without livepatches, on a kernel that can have them. */
export const PLAIN: Files = {
  'sys/kernel/livepatch/': '',
  'sys/module/': '',
  'proc/modules': '',
  'proc/sys/kernel/tainted': '0\n',
  'proc/sys/kernel/osrelease': '6.12.9-amd64\n',
  'proc/sys/kernel/version': '#1 SMP Debian 6.12.9-1\n',
  'proc/sys/kernel/hostname': 'web-1\n',
  'proc/sys/kernel/random/boot_id': '0b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69\n',
};

interface Listed {
  readonly enabled: number;
  readonly transition: number;
  /** Null: a kernel before 6.14. */
  readonly order: number | null;
  readonly refcnt: number;
  readonly buildId: string;
}

/** One livepatch that is on the list and settled. */
export function livepatch(
  name: string,
  { enabled = 1, transition = 0, order = 1, refcnt = 1, buildId = 'aa'.repeat(20) }: Partial<Listed> = {},
): Files {
  return {
    [`sys/kernel/livepatch/${name}/enabled`]: `${enabled}\n`,
    [`sys/kernel/livepatch/${name}/transition`]: `${transition}\n`,
    ...(order === null ? {} : { [`sys/kernel/livepatch/${name}/stack_order`]: `${order}\n` }),
    [`sys/kernel/livepatch/${name}/vmlinux/patched`]: '1\n',
    [`sys/kernel/livepatch/${name}/vmlinux/cmdline_proc_show,1/`]: '',
    ...livepatchModule(name, { refcnt, buildId }),
  };
}

/** A livepatch module that is loaded, listed or not. */
export function livepatchModule(name: string, { refcnt = 0, buildId = 'aa'.repeat(20) } = {}): Files {
  return {
    [`sys/module/${name}/taint`]: 'OEK\n',
    [`sys/module/${name}/refcnt`]: `${refcnt}\n`,
    [`sys/module/${name}/notes/.note.gnu.build-id`]: buildIdNote(buildId),
  };
}

/** A line of `/proc/modules`. */
export const loadedLine = (name: string, refcnt = 1, state = 'Live'): string =>
  `${name} 12288 ${refcnt} - ${state} 0x0000000000000000 (OEK)\n`;

/** Writes a tree below a folder, and returns the folder. */
export function plant(root: string, ...trees: Files[]): string {
  for (const [path, content] of trees.flatMap((files) => Object.entries(files))) {
    const at = join(root, path);
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(at, content);
  }
  return root;
}
