import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { constants } from 'node:os';

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
// Node leaves out what only Linux has.
NAMES.set(124, 'EMEDIUMTYPE')
  .set(126, 'ENOKEY')
  .set(127, 'EKEYEXPIRED')
  .set(129, 'EKEYREJECTED')
  .set(11, 'EAGAIN')
  .set(95, 'EOPNOTSUPP');

const BOOT_SECONDS = 240;
const COMMAND_SECONDS = 180;

/** A kernel in QEMU, without KVM. It does one command after the other; see `guest/init.c`. */
export class Guest {
  #process;
  #pending = Buffer.alloc(0);
  #wake = null;
  #ended = false;
  /** All records of the kernel log that were read. */
  records = [];

  /**
   * @param {{ kernel: string, initramfs: string, cmdline: string, console: string, memory?: number }} machine
   */
  static async boot(machine) {
    const guest = new Guest(machine);
    await guest.#answer(BOOT_SECONDS);
    return guest;
  }

  #dump;

  constructor({ kernel, initramfs, cmdline, console, memory = 512 }) {
    this.#dump = `${console}.dump`;
    this.#process = spawn(
      'qemu-system-x86_64',
      [
        [
          '-accel',
          'tcg',
          '-cpu',
          'max',
          '-smp',
          '1',
          '-m',
          String(memory),
          '-nodefaults',
          '-no-user-config',
          '-no-reboot',
          '-display',
          'none',
        ],
        ['-kernel', kernel, '-initrd', initramfs],
        ['-append', `console=ttyS0 quiet panic=-1 tsc=reliable audit=0 random.trust_cpu=on ${cmdline}`],
        ['-serial', `file:${console}`, '-serial', 'stdio'],
        ['-chardev', `file,id=dump,path=${console}.dump`, '-device', 'isa-debugcon,iobase=0xe9,chardev=dump'],
      ].flat(),
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#process.stderr.pipe(createWriteStream(`${console}.qemu`));
    this.#process.stdout.on('data', (bytes) => {
      this.#pending = Buffer.concat([this.#pending, bytes]);
      this.#wake?.();
    });
    this.#process.on('exit', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** The command's error number by name, `OK` for none. */
  async run(...words) {
    return (await this.#send(words.join(' '))).result;
  }

  /** Files and folders below these paths: `{ path, mode, bytes }`, bytes null for a folder. */
  async tree(paths) {
    return (await this.#send(`tree ${paths.join(' ')}`)).entries;
  }

  /** One large file. The kernel must not be locked down. */
  async large(path) {
    const before = readFileSync(this.#dump).length;
    const result = await this.run('dump', path);
    if (result !== 'OK') throw new Error(`the guest cannot copy ${path}: ${result}`);
    return readFileSync(this.#dump).subarray(before);
  }

  /** Lines of the kernel log since the last call. */
  async log() {
    const { lines } = await this.#send('log');
    this.records.push(...lines);
    return lines.map((record) => record.slice(record.indexOf(';') + 1));
  }

  async write(path, text) {
    return this.run('write', path, Buffer.from(text).toString('hex'));
  }

  async stop() {
    if (this.#ended) return;
    const exit = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await exit;
  }

  async #send(line) {
    this.#process.stdin.write(`${line}\n`);
    return this.#answer(COMMAND_SECONDS, line);
  }

  /** Everything up to the line that ends an answer. */
  async #answer(seconds, line = 'boot') {
    const late = Date.now() + seconds * 1000;
    const [entries, lines] = [[], []];
    for (;;) {
      const head = (await this.#take('\n', late, line)).toString('utf8');
      if (head.startsWith('= ')) {
        const number = Number(head.slice(2));
        return { result: number === 0 ? 'OK' : (NAMES.get(number) ?? `errno ${number}`), entries, lines };
      }
      if (head.startsWith('L ')) lines.push(head.slice(2));
      else if (head.startsWith('D '))
        entries.push({ path: head.split(' ').slice(2).join(' '), mode: 0o755, bytes: null });
      else if (head.startsWith('F ')) {
        const [, mode, length, ...path] = head.split(' ');
        entries.push({
          path: path.join(' '),
          mode: Number.parseInt(mode, 8),
          bytes: await this.#take(Number(length), late, line),
        });
        await this.#take('\n', late, line);
      } else if (!head.startsWith('X '))
        throw new Error(`the guest answered "${head.slice(0, 80)}" to "${line.slice(0, 80)}"`);
    }
  }

  /** @param what a number of bytes, or the character before which to stop */
  async #take(what, late, line) {
    for (;;) {
      const end = typeof what === 'number' ? what : this.#pending.indexOf(what);
      if (end >= 0 && this.#pending.length >= end) {
        const taken = Buffer.from(this.#pending.subarray(0, end));
        this.#pending = this.#pending.subarray(typeof what === 'number' ? end : end + 1);
        return taken;
      }
      if (this.#ended) throw new Error(`the guest ended during "${line.slice(0, 80)}"`);
      if (Date.now() > late) throw new Error(`the guest gave no answer to "${line.slice(0, 80)}"`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => (clearTimeout(timer), resolve());
      });
    }
  }
}
