import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Report } from '@klpreg/wire';
import { sightingsOf } from '../dist/ingest/sightings.js';
import { deriveSituation } from '../dist/ingest/situation.js';

const run = promisify(execFile);
const AGENT = path.join(import.meta.dirname, '../../agent/bin/klpreg-agent.js');

/** What the agent reads and what does not change while a kernel runs. */
const LARGE = ['/proc/kallsyms', '/sys/kernel/btf/vmlinux'];
const FIXED = ['osrelease', 'version', 'hostname', 'random/boot_id'].map(
  (name) => `/proc/sys/kernel/${name}`,
);
const AT_BOOT = [
  ...FIXED,
  '/proc/version',
  '/sys/kernel/notes',
  '/sys/kernel/security/lockdown',
  '/sys/module/module/parameters/sig_enforce',
];

const OF_MODULES = ['taint', 'refcnt', 'srcversion', 'initstate', 'notes/.note.gnu.build-id'].map(
  (name) => `/sys/module/*/${name}`,
);
const SETTINGS = ['tainted', 'modules_disabled', 'ftrace_enabled'].map((name) => `/proc/sys/kernel/${name}`);
const CHANGING = [
  '/sys/kernel/livepatch',
  ...OF_MODULES,
  '/sys/module/module/parameters/sig_enforce',
  '/proc/modules',
  ...SETTINGS,
];
const TASKS = ['/proc/[0-9]*/task/*/comm', '/proc/[0-9]*/task/*/patch_state'];

/**
 * Between two looks this much time passes for the registry: a module that is in use for a minute counts as
 * pinned.
 */
const STEP_MS = 20_000;
const INTERVAL_SECONDS = 60;

/**
 * The guest as a host of the registry: its tree is copied, read by the agent, and the report becomes a
 * situation as the server derives it.
 */
export class Host {
  #before = null;
  #now = Date.parse('2026-01-01T00:00:00Z');

  /**
   * @param {{ guest: import('./guest.mjs').Guest, name: string, folder: string, modules: string, cache:
   * string }} of
   */
  constructor({ guest, name, folder, modules, cache }) {
    Object.assign(this, { guest, name, modules, cache });
    this.tree = path.join(folder, 'tree');
    this.state = path.join(folder, 'agent');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(this.tree, { recursive: true });
    mkdirSync(this.state, { recursive: true, mode: 0o700 });
    for (const name of ['etc', 'dev']) mkdirSync(path.join(this.tree, name));
    writeFileSync(
      path.join(this.tree, 'etc/machine-id'),
      `${createHash('md5').update(name).digest('hex')}\n`,
    );
  }

  /**
   * Copies what does not change. Names of kernel functions and types are kept for the next boot of the same
   * kernel.
   */
  async start(say) {
    this.#put(await this.guest.tree(AT_BOOT));
    for (const file of LARGE) {
      const kept = path.join(this.cache, path.basename(file));
      if (!existsSync(kept)) {
        say(`Copying ${file} from the guest`);
        mkdirSync(this.cache, { recursive: true });
        writeFileSync(kept, await this.guest.large(file));
      }
      mkdirSync(path.dirname(path.join(this.tree, file)), { recursive: true });
      await run('cp', ['-l', kept, path.join(this.tree, file)]);
    }
  }

  /** Reads the host and derives its situation from this report and the ones before. */
  async look() {
    for (const changing of ['sys/kernel/livepatch', 'sys/module', 'proc/modules', 'proc/sys/kernel/tainted'])
      rmSync(path.join(this.tree, changing), { recursive: true, force: true });
    const entries = await this.guest.tree(CHANGING);
    const open = entries.some(
      ({ path: file, bytes }) =>
        /^\/sys\/kernel\/livepatch\/[^/]+\/transition$/.test(file) && bytes?.toString().trim() === '1',
    );
    this.#put(entries);
    await run('find', [
      path.join(this.tree, 'proc'),
      '-maxdepth',
      '1',
      '-name',
      '[0-9]*',
      '-exec',
      'rm',
      '-r',
      '{}',
      '+',
    ]);
    if (open) this.#put(await this.guest.tree(TASKS));
    await this.guest.log();
    writeFileSync(
      path.join(this.tree, 'dev/kmsg'),
      this.guest.records.map((record) => `${record}\n`).join(''),
    );
    this.#now += STEP_MS;
    const report = Report.parse(JSON.parse(await this.#dump()));
    const confirmedAt = new Date(this.#now);
    const earlier = this.#before?.situation ?? null;
    const derived = deriveSituation(report, this.#before, confirmedAt, INTERVAL_SECONDS);
    this.#before = { ...derived, bootId: report.host.bootId, confirmedAt };
    return {
      report,
      situation: derived.situation,
      sightings: sightingsOf(report, derived.situation, earlier),
    };
  }

  async #dump() {
    const flags = [
      '--root',
      this.tree,
      '--instance',
      this.name,
      '--hostname',
      this.name,
      '--arch',
      'x86_64',
      '--state',
      this.state,
      '--modules',
      this.modules,
    ];
    const { stdout } = await run(process.execPath, [AGENT, 'dump', ...flags], { maxBuffer: 64 << 20 });
    return stdout;
  }

  #put(entries) {
    for (const { path: file, mode, bytes } of entries) {
      const to = path.join(this.tree, file);
      mkdirSync(bytes === null ? to : path.dirname(to), { recursive: true });
      if (bytes !== null) writeFileSync(to, bytes, { mode });
    }
  }
}
