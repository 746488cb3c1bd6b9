import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CapturedFiles } from '../src/demo-fleet/captured-files.js';
import { DemoAgent, keepFresh } from '../src/demo-fleet/demo-agent.js';
import { demoHosts } from '../src/demo-fleet/hosts.js';
import { programOf } from '../src/programs/run-program.js';
import { startRegistry } from './registry.js';

const project = path.join(__dirname, '../../..');
const program = programOf(path.join(project, 'apps/agent/dist/main.js'));
const programs = { agent: program, cli: program };
let folder: string;
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'klpreg-demo-agent-'));
  registry = await startRegistry();
});
afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

async function agentsOf(count: number): Promise<DemoAgent[]> {
  const hosts = demoHosts().slice(0, count);
  const captured = await CapturedFiles.unpack(project, path.join(folder, 'captured'), hosts);
  const at = { url: registry.url, token: 'secret' };
  return hosts.map((host) => new DemoAgent(host, captured, path.join(folder, 'state'), programs, at));
}

const sent = () => registry.received.map(({ path: endpoint }) => endpoint);

test('a host is reported at boot and now, and then confirmed by a heartbeat of the same boot', async () => {
  const [agent] = await agentsOf(1);
  await agent!.start();
  await agent!.confirm();
  expect(sent()).toEqual(['/v1/reports', '/v1/reports', '/v1/heartbeats']);
  const boots = registry.received.map(({ message }) =>
    'host' in message ? message.host.bootId : message.bootId,
  );
  expect(new Set(boots).size).toBe(1);
});

test('every host is confirmed in turn until the signal, and a failure is reported once', async () => {
  const agents = await agentsOf(2);
  for (const agent of agents) await agent.start();
  const stop = new AbortController();
  const warnings: (string | null)[] = [];
  let refused = 0;
  registry.behaviour.override = () => (refused++ < 2 ? { status: 401 } : null);
  await keepFresh(agents, 2, stop.signal, (message) => {
    warnings.push(message);
    if (message === null) registry.behaviour.override = () => (stop.abort(), null);
  });
  expect(warnings).toEqual([expect.stringContaining('The agent of web-1.ams failed'), null]);
  expect(sent().filter((endpoint) => endpoint === '/v1/heartbeats').length).toBeGreaterThan(0);
});
