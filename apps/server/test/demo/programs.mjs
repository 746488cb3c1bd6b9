// The demo fleet with its agents, and klpreg, as built. All run in this process: a process for each command
// would cost half a second. Requests come as messages of the parent process.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const built = async (file) => import(path.resolve(import.meta.dirname, '../../..', file));
const { programOf } = await built('agent/dist/program.js');
const { run } = await built('cli/dist/run.js');
const { CapturedFiles } = await built('simulator/dist/demo-fleet/captured-files.js');
const { DemoAgent } = await built('simulator/dist/demo-fleet/demo-agent.js');
const { addKey, publish } = await built('simulator/dist/demo-fleet/fill-registry.js');
const { demoHosts } = await built('simulator/dist/demo-fleet/hosts.js');
const { kernelTeamKey } = await built('simulator/dist/demo-fleet/owner-key.js');
const { RELEASES } = await built('simulator/dist/demo-fleet/releases.js');

/** Runs the agent once. */
async function agent(args, env) {
  Object.assign(process.env, env);
  let [stdout, stderr] = ['', ''];
  const streams = { out: (text) => void (stdout += text), err: (text) => void (stderr += text) };
  try {
    await programOf(streams, new AbortController().signal).parseAsync(['node', 'klpreg-agent', ...args]);
    return { exit: 0, stdout, stderr };
  } catch (error) {
    return { exit: 1, stdout, stderr: `${stderr}${error.stack}` };
  }
}

/** Runs klpreg once. @param now its clock, in milliseconds */
async function cli(args, env, now = Date.now()) {
  let [stdout, stderr, mixed] = ['', '', ''];
  const stream = (write) => ({ write, isTTY: false, columns: 110 });
  const exit = await run(args, {
    stdout: stream((text) => void ((stdout += text), (mixed += text))),
    stderr: stream((text) => void ((stderr += text), (mixed += text))),
    env: { HOME: process.cwd(), ...env },
    home: process.cwd(),
    now: () => now,
    sleep: async (milliseconds) => void (now += milliseconds),
  });
  return { exit, stdout, stderr, mixed };
}

const programs = { agent, cli };
const agents = new Map();
let captured;
let registry;
let hosts;
let key;

const tasks = {
  klpreg: async ({ words, env, now }) => cli(words, env, now),

  /** Unpacks the files of the demo fleet and of more hosts, and adds the key of their owner. */
  async begin({ url, token, more }) {
    registry = { url, token };
    hosts = [...demoHosts(), ...more];
    captured = await CapturedFiles.unpack(
      path.resolve(import.meta.dirname, '../../../..'),
      'captured',
      hosts,
    );
    key = await kernelTeamKey('state');
    await addKey(key, programs, registry);
    return RELEASES.length;
  },

  /** Publishes the builds of a release. */
  async publish({ nth }) {
    await publish(RELEASES[nth], captured, key, programs, registry);
  },

  /** Reports all hosts, one after the other, so that each run is the same. */
  async report() {
    for (const host of hosts) await tasks.boot({ host });
  },

  /** kpatch.service of a host loads the module at the next boot. */
  loadAtBoot({ hostname, module }) {
    const root = path.join('captured/hosts', hostname);
    const units = path.join(root, 'etc/systemd/system/multi-user.target.wants');
    const folder = path.join(root, 'var/lib/kpatch/7.3.4+deb13-cloud-amd64');
    for (const each of [units, folder]) mkdirSync(each, { recursive: true });
    writeFileSync(path.join(units, 'kpatch.service'), '');
    copyFileSync(captured.module('7.3', module), path.join(folder, `${module}.ko`));
  },

  /** A host boots, and then has the livepatches of its tree. */
  async boot({ host }) {
    const one = new DemoAgent(host, captured, 'state', programs, registry);
    agents.set(host.hostname, [...(agents.get(host.hostname) ?? []), one]);
    await one.start();
  },

  /** The last boot of each host confirms its facts. */
  async confirm({ except }) {
    for (const [hostname, boots] of agents) if (!except.includes(hostname)) await boots.at(-1).confirm();
  },

  /** The boot before the last one of a host reports again, as a clone does. */
  async clone({ hostname }) {
    await agents.get(hostname).at(-2).confirm();
  },
};

/** Does a task, and tells the parent process. */
async function answer({ task, ...request }) {
  try {
    process.send({ done: await tasks[task](request) });
  } catch (error) {
    process.send({ failed: error.stack });
  }
}
process.on('message', (message) => void answer(message));
