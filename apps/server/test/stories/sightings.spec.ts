import { CatalogStore } from '../../src/store/catalog/catalog.store.js';
import { SETS_OF_FACTS, WITNESSES } from '../../src/store/catalog/sightings.store.js';
import { EnrollingHost, makeToken } from '../enrolling-host.js';
import { later, listed, Registry, running, sealed } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(async () => {
  await registry.reset();
  for (const name of ['lab_n_1v1_a', 'lab_n_1v3_a']) await registry.publish(name);
});
afterAll(() => registry.stop());

const id = (name: string) => listed(name).buildId!;
const machineOf = (hostname: string) => running(hostname, []).host.machine!;

/** What clears doubts about this build now, or did at that instant. */
async function sightings(name: string, instant?: Date) {
  const store = registry.app.get(CatalogStore);
  const view = await (instant === undefined ? store.now() : store.asOf(instant));
  const catalog = await view.catalog([], await view.find([id(name)]));
  return catalog.sightings!(id(name));
}
const machines = async (name: string, instant?: Date) =>
  (await sightings(name, instant)).map(({ machine }) => machine).toSorted();
const sorted = (...hostnames: string[]) => hostnames.map(machineOf).toSorted();

test('each machine is a witness, a few for each set of facts', async () => {
  for (let i = 0; i < WITNESSES + 3; i++) await registry.report(running(`web-${i}`, ['lab_n_1v1_a']));
  expect(await machines('lab_n_1v1_a')).toHaveLength(WITNESSES);
});

test('a host that reports again, and two hosts of one machine, are one witness', async () => {
  const report = running('web-1', ['lab_n_1v1_a']);
  await registry.report(report);
  await registry.report(later(report, { taint: 45057 }));
  await registry.report(running('web-2', ['lab_n_1v1_a'], { host: { machine: report.host.machine } }));
  expect(await machines('lab_n_1v1_a')).toEqual(sorted('web-1'));
});

test('the states of the list below come from what is published', async () => {
  const below = running('web-1', ['lab_n_1v1_a']);
  await registry.report(below);
  await registry.report(
    later(below, { livepatches: [listed('lab_n_1v1_a'), listed('lab_n_1v3_a', { stackOrder: 2 })] }),
  );
  expect(await sightings('lab_n_1v3_a')).toMatchObject([{ over: '1:1' }]);
});

test('of too many sets of facts, what is beyond the bound is not kept', async () => {
  for (let i = 0; i < SETS_OF_FACTS + 3; i++) {
    const objects = [{ name: `module_${i}`, patched: true, functions: [] }];
    await registry.report(running(`web-${i}`, [], { livepatches: [listed('lab_n_1v1_a', { objects })] }));
  }
  expect(await machines('lab_n_1v1_a')).toHaveLength(SETS_OF_FACTS);
});

test('a host that becomes suspect by a sequence that is used twice is no witness any more; as of before, it is', async () => {
  const report = running('web-1', ['lab_n_1v1_a']);
  await registry.report(report);
  await registry.report(running('web-2', ['lab_n_1v1_a']));
  const before = registry.now();
  registry.wait(1, 'minutes');
  await registry.report(sealed({ ...report, livepatches: [] }));
  expect(await machines('lab_n_1v1_a')).toEqual(sorted('web-2'));
  expect(await machines('lab_n_1v1_a', before)).toEqual(sorted('web-1', 'web-2'));
  await registry.report(later(report, { livepatches: [listed('lab_n_1v3_a')] }));
  expect(await machines('lab_n_1v3_a')).toEqual([]);
});

test('a host whose machine hash changes is no witness any more', async () => {
  const report = running('web-1', ['lab_n_1v1_a']);
  await registry.report(report);
  await registry.report(sealed({ ...later(report), host: { ...report.host, machine: 'c'.repeat(64) } }));
  expect(await machines('lab_n_1v1_a')).toEqual([]);
});

test.each([
  [false, 1],
  [true, 0],
])('a retired host (compromised: %s) is a witness: %i', async (compromised, count) => {
  const report = running('web-1', ['lab_n_1v1_a']);
  await registry.report(report);
  const retire =
    'mutation ($id: ID!, $c: Boolean!) { retireHost(id: $id, ' +
    'reason: "gone", compromised: $c) { retiredAt } }';
  await registry.ask(retire, { id: report.host.instance, c: compromised });
  await registry.report(later(report));
  expect(await machines('lab_n_1v1_a')).toHaveLength(count);
});

test('a host that was retired before can be said to be compromised', async () => {
  const report = running('web-1', ['lab_n_1v1_a']);
  await registry.report(report);
  const retire =
    'mutation ($id: ID!, $c: Boolean!) { retireHost(id: $id, ' +
    'reason: "gone", compromised: $c) { retiredAt } }';
  await registry.ask(retire, { id: report.host.instance, c: false });
  await registry.ask(retire, { id: report.host.instance, c: true });
  expect(await machines('lab_n_1v1_a')).toEqual([]);
});

/** A host that runs this build, and enrols with a token. */
async function enrolledAt(
  hostname: string,
  token: string,
  machine = machineOf(hostname),
): Promise<EnrollingHost> {
  const host = new EnrollingHost(
    registry,
    hostname,
    '127.0.0.1',
    running(hostname, ['lab_n_1v1_a'], { host: { machine } }),
  );
  expect(await host.enrol(token)).toMatchObject({ status: 200 });
  return host;
}

test('hosts that one enrolment token alone vouches for are one witness, and those of two tokens are two', async () => {
  const [first, second] = [await makeToken(registry), await makeToken(registry)];
  for (const name of ['web-1', 'web-2', 'web-3']) await (await enrolledAt(name, first.text)).send();
  const ofFirst = `enrolment token ${first.id}`;
  expect(await machines('lab_n_1v1_a')).toEqual([ofFirst]);
  await (await enrolledAt('web-4', second.text)).send();
  expect(await machines('lab_n_1v1_a')).toEqual([ofFirst, `enrolment token ${second.id}`].toSorted());
});

test('enrolled hosts with authoritative labels are a witness each', async () => {
  const { text } = await makeToken(registry, { labels: { env: 'prod' } });
  for (const name of ['web-1', 'web-2'])
    await (await enrolledAt(name, text)).send({ labels: { env: 'test' } });
  expect(await machines('lab_n_1v1_a')).toEqual(sorted('web-1', 'web-2'));
});

test('a host that reported before it enrolled, and a machine under two ids, are one witness', async () => {
  const { text } = await makeToken(registry);
  const before = running('web-1', ['lab_n_1v1_a']);
  await registry.report(before);
  const host = await enrolledAt('web-1', text);
  await host.post('/v1/reports', later(before, { taint: 45057 }), host.credential);
  const reinstalled = await enrolledAt('web-2', text, before.host.machine!);
  expect(await reinstalled.send()).toMatchObject({ status: 200 });
  expect(await machines('lab_n_1v1_a')).toEqual(sorted('web-1'));
});

test('the hosts of a token that was revoked with them are no witnesses any more', async () => {
  const { id: token, text } = await makeToken(registry, { labels: { env: 'prod' } });
  for (const name of ['web-1', 'web-2']) await (await enrolledAt(name, text)).send();
  await registry.ask(`mutation { revokeEnrolmentToken(id: "${token}", withHosts: true) { id } }`);
  expect(await machines('lab_n_1v1_a')).toEqual([]);
  await registry.report(later(running('web-1', ['lab_n_1v1_a'], { sequence: 5 }), { taint: 45057 }));
  expect(await machines('lab_n_1v1_a')).toEqual([]);
});

describe('an admin releases a suspect host', () => {
  const release = (host: EnrollingHost) =>
    registry.ask(`mutation { releaseHost(id: "${host.instance}", reason: "one machine") { id } }`);
  const change = (field: string, host: EnrollingHost) =>
    registry.ask(`mutation { ${field}(host: "${host.instance}", reason: "stolen") { state } }`);
  /** The host sends a sequence twice, with other content. */
  async function becomeSuspect(host: EnrollingHost): Promise<void> {
    const { report } = host;
    await host.post('/v1/reports', sealed({ ...report, sequence: 1, livepatches: [] }), host.credential);
    expect(await machines('lab_n_1v1_a')).toEqual([]);
  }
  const labelled = async () => makeToken(registry, { labels: { env: 'prod' } });

  test('what it showed counts again', async () => {
    const host = await enrolledAt('web-1', (await labelled()).text);
    await host.send();
    await becomeSuspect(host);
    await release(host);
    expect(await machines('lab_n_1v1_a')).toEqual(sorted('web-1'));
  });

  /** What the server remembers of a revoked host outlasts the rows of one test. */
  let names = 0;
  const freshName = () => `web-${++names}-of-this-test`;

  test.each<[string, (host: EnrollingHost, token: string) => Promise<unknown>]>([
    ['its credential was revoked', async (host) => change('revokeHostCredential', host)],
    [
      'its credential was revoked and reset',
      async (host) => {
        await change('revokeHostCredential', host);
        await change('resetHostCredential', host);
      },
    ],
    [
      'it was retired as compromised',
      async (host) =>
        registry.ask(
          `mutation { retireHost(id: "${host.instance}", reason: "gone", compromised: true) { id } }`,
        ),
    ],
    [
      'its enrolment token was revoked with its hosts',
      async (_, token) =>
        registry.ask(`mutation { revokeEnrolmentToken(id: "${token}", withHosts: true) { id } }`),
    ],
  ])('what it showed does not count again if %s', async (_, end) => {
    const { id: token, text } = await labelled();
    const host = await enrolledAt(freshName(), text);
    await host.send();
    await becomeSuspect(host);
    await end(host, token);
    await release(host);
    expect(await machines('lab_n_1v1_a')).toEqual([]);
  });

  test('what it showed before its credential was revoked never counts again, even if it enrols again', async () => {
    const host = await enrolledAt(freshName(), (await labelled()).text);
    await host.send();
    await change('revokeHostCredential', host);
    await change('resetHostCredential', host);
    await host.enrol((await labelled()).text);
    await host.post('/v1/reports', sealed({ ...host.report, sequence: 2, livepatches: [] }), host.credential);
    await host.post('/v1/reports', sealed({ ...host.report, sequence: 2 }), host.credential);
    await release(host);
    expect(await machines('lab_n_1v1_a')).toEqual([]);
  });

  test('a machine that vouches under another id meanwhile is one witness', async () => {
    const name = freshName();
    const host = await enrolledAt(name, (await labelled()).text);
    await host.send();
    await becomeSuspect(host);
    // what this server remembers of witnesses expires
    registry.wait(11, 'minutes');
    const token = await makeToken(registry);
    await (await enrolledAt('web-2', token.text, machineOf(name))).send();
    await release(host);
    expect(await machines('lab_n_1v1_a')).toEqual([`enrolment token ${token.id}`]);
  });
});
