import { appendFileSync } from 'node:fs';
import { loadedName } from '@klpreg/compat';
import { compare } from './compare.mjs';
import { foresee } from './foresee.mjs';

const OPERATIONS = new Set(['load', 'disable', 'enable', 'write', 'rmmod', 'force']);
const PATIENCE_MS = 30_000;

/** `stalls load FILE x=1` and so on; see `scenarios.mjs`. */
export function parseStep(line) {
  const [, expected, open, step] = /^(?:(succeeds|fails) )?(stalls )?(.*)$/.exec(line);
  const [verb, target, ...words] = step.split(' ');
  const how = { target, stalls: open !== undefined, expected: expected ?? null };
  if (verb === 'write') return { ...how, verb, words: [words[0], words.slice(1).join(' ')] };
  if (verb === 'force') return { ...how, verb: 'write', words: ['force', '1'] };
  return { ...how, verb, words };
}

/** One boot of a kernel, on which one operation after the other is predicted, done and compared. */
export class Session {
  /**
   * @param of guest, host, catalog, files (modules by file name) and manifests, kernel and boot by name,
   * journal, say
   */
  constructor(of) {
    Object.assign(this, of);
    this.results = [];
    this.shown = null;
    this.blocked = false;
  }

  async scenario(name, lines) {
    for (const line of lines) await this.#step(name, line);
    await this.#clean();
  }

  async #step(scenario, line) {
    const step = parseStep(line);
    if (OPERATIONS.has(step.verb)) await this.#operation(scenario, line, step);
    else await this.#prepare(step);
  }

  /** What is not predicted: the stage for what is. */
  async #prepare({ verb, target, words }) {
    const { guest } = this;
    this.shown = null;
    if (verb === 'insmod') await guest.run('load', `/modules/${target}.ko`, ...words);
    else if (verb === 'remove') await guest.run('unload', target);
    else if (verb === 'parameter')
      await guest.write(`/sys/module/${target}/parameters/${words[0]}`, words[1]);
    else if (verb === 'set') await guest.write(`/proc/sys/${target.replaceAll('.', '/')}`, words[0]);
    else if (verb === 'hold') {
      this.blocked = true;
      await guest.run('hold', '/proc/lab_gate');
    } else if (verb === 'start') await guest.run('start', `/modules/${target}.ko`, ...words);
    else if (verb === 'show') await this.#show(target);
    else if (verb === 'settle') await guest.run('settle', String(PATIENCE_MS));
    else await guest.run(verb);
  }

  /** What the host shows now; read again only if something was done since. */
  async #look() {
    if (this.shown === null) {
      this.shown = await this.host.look();
      this.catalog.learn(this.shown.sightings);
    }
    return this.shown;
  }

  /**
   * A witness loads a module and removes it. It is read before and after the load: the two readings show over
   * which list the module was loaded.
   */
  async #show(file) {
    const { guest } = this;
    await this.#look();
    this.shown = null;
    if ((await guest.run('load', `/modules/${file}.ko`, '')) !== 'OK') return;
    await guest.run('settle', String(PATIENCE_MS));
    const { report } = await this.#look();
    this.shown = null;
    for (const { name } of report.livepatches)
      await guest.write(`/sys/kernel/livepatch/${name}/enabled`, '0\n');
    await guest.run('settle', String(PATIENCE_MS));
    for (const { name } of [...report.livepatches, ...report.leftovers]) await guest.run('unload', name);
  }

  async #operation(scenario, line, step) {
    const { guest, catalog, kernel, boot } = this;
    const before = await this.#look();
    const manifest = step.verb === 'load' ? this.manifests.get(`${step.target}.ko`) : null;
    const withParameters = step.verb === 'load' && step.words.length > 0;
    const prediction = foresee(
      step,
      before.situation,
      manifest,
      withParameters ? catalog.viewWithoutSightings : catalog.view,
    );
    const at = { kernel, boot, scenario, operation: line };
    appendFileSync(this.journal.predictions, `${JSON.stringify({ ...at, ...prediction })}\n`);
    await guest.log();
    const errno = await this.#do(step);
    this.shown = null;
    if (!step.stalls && errno === 'OK') await guest.run('settle', String(PATIENCE_MS));
    const log = await guest.log();
    const now = await this.#look();
    const list = now.situation.list.map(({ name, enabled, transition }) => ({
      name: loadedName(name),
      enabled,
      transition,
    }));
    const seen = { errno, log, list };
    const result = { ...at, ...compare(prediction, seen, step.expected), prediction, seen };
    appendFileSync(this.journal.results, `${JSON.stringify(result)}\n`);
    this.results.push(result);
    this.#tell(result);
  }

  async #do({ verb, target, words }) {
    const { guest } = this;
    const file = (attribute) => `/sys/kernel/livepatch/${target}/${attribute}`;
    if (verb === 'load') return guest.run('load', `/modules/${target}.ko`, ...words);
    if (verb === 'rmmod') return guest.run('unload', target);
    if (verb === 'write') return guest.write(file(words[0]), `${words[1]}\n`);
    return guest.write(file('enabled'), verb === 'disable' ? '0\n' : '1\n');
  }

  #tell({ scenario, operation, outcome, faults, prediction, seen }) {
    const { answer, likely, codes, doubt } = prediction;
    const said =
      answer === 'UNKNOWN'
        ? `UNKNOWN (${likely} unless ${[...new Set(codes), doubt].filter((why) => why !== null).join(', ')})`
        : answer;
    this.say(
      `${outcome === 'wrong' ? 'WRONG  ' : outcome.padEnd(7)} ${this.boot}: ${scenario}: ${operation}: ` +
        `predicted ${said}, kernel ${seen.errno}`,
    );
    for (const fault of faults) this.say(`        ${fault}`);
  }

  /**
   * Disables what is listed, newest first, is read, and removes what is left; a module that nothing removes
   * stays.
   */
  async #clean() {
    const { guest } = this;
    await guest.run('release');
    await guest.run('settle', String(PATIENCE_MS));
    if (this.blocked) this.shown = null;
    this.blocked = false;
    const { situation } = await this.#look();
    for (const { name } of situation.list.toReversed()) {
      await guest.write(`/sys/kernel/livepatch/${name}/enabled`, '0\n');
      await guest.run('settle', String(PATIENCE_MS));
    }
    if (situation.list.length > 0) this.shown = null;
    const { report } = await this.#look();
    for (const { name } of report.leftovers) await guest.run('unload', name);
    if (report.leftovers.length > 0) this.shown = null;
    await guest.run('unload', 'lab_target');
  }
}
