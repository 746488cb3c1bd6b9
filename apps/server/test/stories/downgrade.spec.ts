import {
  CAN_DOWNGRADE,
  idle,
  KERNEL_PATCHED,
  later,
  leftover,
  listed,
  logged,
  Registry,
  running,
} from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const ask = async (to: object, more: object = {}) =>
  (await registry.ask(CAN_DOWNGRADE, { to, ...more })).canDowngrade;
const codes = (answer: any) => answer.reasons.nodes.map((node: any) => node.reason.code);
const reason = (answer: any, code: string) =>
  answer.reasons.nodes.find((node: any) => node.reason.code === code)?.reason;

test('a host that runs {1: v2} cannot go back to a cumulative {1: v1}', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_n_1v2_mod');
  await registry.report(running('web-1', ['lab_n_1v2_mod']));

  const answer = await ask({ name: 'lab_r_1v1_a' });
  expect(answer.kind).toBe('REFUSED');
  expect(answer.counts).toEqual({
    safe: 0,
    unknown: 0,
    unsafe: 0,
    refused: 1,
    total: 1,
    harmful: 0,
    accepted: 0,
  });
  expect(reason(answer, 'STATE_VERSION_TOO_LOW')).toMatchObject({
    kind: 'REFUSED',
    errno: 'EINVAL',
    patch: 'lab_n_1v2_mod',
    stateId: '1',
    need: 2,
    have: 1,
  });
  expect(answer.cohorts.nodes[0].verdict).toMatchObject({
    kind: 'REFUSED',
    route: 'REPLACE',
    errno: 'EINVAL',
  });
});

test('where the target’s name is also loaded, both reasons are listed and the loader is first', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v2_a');
  await registry.report(running('web-1', ['lab_r_1v2_a'], { leftovers: [leftover('lab_r_1v1_a')] }));

  const answer = await ask({ name: 'lab_r_1v1_a' });
  expect(answer.cohorts.nodes[0].verdict).toMatchObject({ kind: 'REFUSED', errno: 'EEXIST' });
  expect(codes(answer)).toEqual(expect.arrayContaining(['MODULE_STILL_LOADED', 'STATE_VERSION_TOO_LOW']));
});

test('a state that the target lacks is named', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v1_2v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_2v1_a']));

  expect(reason(await ask({ release: 'lab_r_1v1_a' }), 'STATE_MISSING_IN_TARGET')).toMatchObject({
    stateId: '2',
    need: 1,
    have: null,
    errno: 'EINVAL',
  });
});

test('a target with the same states, seen by two machines on this kernel before, is safe', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v1_b');
  await registry.report(logged(running('web-1', ['lab_r_1v1_a'])));
  await registry.report(logged(running('web-2', ['lab_r_1v1_b'])));
  expect(codes(await ask({ name: 'lab_r_1v1_a' }))).toContain('SYMBOLS_UNVERIFIED');
  await registry.report(logged(running('web-3', ['lab_r_1v1_a'])));

  const answer = await ask({ name: 'lab_r_1v1_a' }, { where: { hostnames: ['web-1', 'web-2'] } });
  expect(answer).toMatchObject({ kind: 'SAFE', counts: { safe: 2, total: 2 } });
  expect(answer.cohorts.nodes.map((cohort: any) => cohort.verdict.route).toSorted()).toEqual([
    'NONE_NEEDED',
    'REPLACE',
  ]);
});

test('a target that no host has loaded on this kernel is not known to load', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v1_b');
  await registry.report(logged(running('web-2', ['lab_r_1v1_b'])));

  const answer = await ask({ name: 'lab_r_1v1_a' });
  expect(answer.kind).toBe('UNKNOWN');
  expect(codes(answer)).toContain('SYMBOLS_UNVERIFIED');
  const allowing = await ask({ name: 'lab_r_1v1_a' }, { allow: ['SYMBOLS_UNVERIFIED'] });
  expect(allowing).toMatchObject({ kind: 'UNKNOWN', counts: { unknown: 1, accepted: 1 } });
  expect(allowing.cohorts.nodes[0].verdict).toMatchObject({
    allowed: ['SYMBOLS_UNVERIFIED'],
    accepted: true,
  });
});

test('a target that loaded while a module that it patches was absent is not known to load where it is there', async () => {
  await registry.publish('lab_r_1v2_mod');
  await registry.publish('lab_r_1v1_a');
  await registry.report(logged(running('web-2', ['lab_r_1v1_a'])));
  const seen = (hostname: string, patched: boolean) =>
    running(hostname, [], {
      livepatches: [
        listed('lab_r_1v2_mod', {
          objects: [
            KERNEL_PATCHED,
            { name: 'lab_target', patched, functions: [{ name: 'lab_target_show', sympos: 1 }] },
          ],
        }),
      ],
    });
  const where = { hostnames: ['web-2'] };

  for (const hostname of ['web-1', 'web-3']) await registry.report(seen(hostname, false));
  expect(codes(await ask({ name: 'lab_r_1v2_mod' }, { where }))).toContain('SYMBOLS_UNVERIFIED');
  for (const hostname of ['web-1', 'web-3']) await registry.report(later(seen(hostname, true)));
  expect((await ask({ name: 'lab_r_1v2_mod' }, { where })).kind).toBe('SAFE');
});

test.each([
  ['without callbacks, its state stays modified', 'lab_r_1v1_a', undefined, 'UNSAFE', 'STATE_NOT_RESTORED'],
  [
    'with callbacks and no promise, it is unknown',
    'lab_r_1v1_cb',
    undefined,
    'UNKNOWN',
    'RESTORE_NOT_PROMISED',
  ],
  [
    'with callbacks and an unsigned promise, the word is too weak',
    'lab_r_1v1_cb',
    'callbacks',
    'UNKNOWN',
    'EVIDENCE_TOO_WEAK',
  ],
  [
    'its author says that it cannot be restored',
    'lab_r_1v1_cb',
    'impossible',
    'UNSAFE',
    'STATE_IRREVERSIBLE',
  ],
])('to the original code: %s', async (_, name, restore, kind, code) => {
  const author =
    restore === undefined
      ? undefined
      : `schema: klp/v1\nstates:\n  - { id: 1, version: 1, what: a limit, restore: ${restore} }\n`;
  await registry.publish(name, author === undefined ? {} : { author });
  await registry.report(running('web-1', [name]));

  const answer = await ask({ original: true });
  expect(answer.kind).toBe(kind);
  expect(codes(answer)).toContain(code);
  expect(answer.cohorts.nodes[0].verdict).toMatchObject({
    route: 'DISABLE',
    steps: [
      { action: 'DISABLE', patch: name },
      { action: 'WAIT', patch: name },
    ],
  });
});

test('an unsigned promise is enough for who asks for no more', async () => {
  await registry.publish('lab_r_1v1_cb', {
    author: 'schema: klp/v1\nstates:\n  - { id: 1, version: 1, what: a limit, restore: callbacks }\n',
  });
  await registry.report(logged(running('web-1', ['lab_r_1v1_cb'])));

  expect((await ask({ original: true }, { evidence: 'UNSIGNED' })).kind).toBe('SAFE');
});

test('a stalled transition refuses until it ends', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_n_1v1_gate');
  await registry.report(
    idle('web-1', { livepatches: [listed('lab_n_1v1_gate', { transition: true, replace: false })] }),
  );

  const answer = await ask({ name: 'lab_r_1v1_a' });
  expect(answer.kind).toBe('REFUSED');
  expect(reason(answer, 'TRANSITION_IN_PROGRESS')).toMatchObject({
    errno: 'EBUSY',
    clearedBy: 'TIME',
    patch: 'lab_n_1v1_gate',
  });
});

test('a host gone quiet is unknown, not safe', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.report(logged(running('web-1', ['lab_r_1v1_a'])));
  registry.wait(31, 'minutes');

  const answer = await ask({ name: 'lab_r_1v1_a' });
  expect(answer).toMatchObject({
    kind: 'UNKNOWN',
    reasons: { nodes: [{ hosts: 1, reason: { code: 'REPORT_STALE' } }] },
  });
  expect(answer.cohorts.nodes[0].verdict.basedOnStaleFacts).toBe(true);
});

test('a host that an admin added and that never reported is unknown', async () => {
  await registry.ask(
    'mutation { addHost(input: { hostname: "db-9", labels: [{ key: "env", value: "prod" }] }) { id } }',
  );

  expect(await ask({ original: true })).toMatchObject({
    kind: 'UNKNOWN',
    counts: { unknown: 1, total: 1 },
    reasons: { nodes: [{ reason: { code: 'NEVER_REPORTED' } }] },
  });
});

test('a question that matches no host is not answered with yes', async () => {
  expect(await ask({ original: true }, { where: { hostnames: ['unmatched'] } })).toMatchObject({
    kind: 'UNKNOWN',
    matched: 0,
    reasons: { nodes: [{ reason: { code: 'NO_HOSTS_MATCHED' } }] },
  });
});

test('an unpublished build-id cannot be judged, as a host’s patch or as a target', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_b']));

  expect(codes(await ask({ name: 'lab_r_1v1_a' }))).toContain('PATCH_NOT_CATALOGUED');
  expect(await ask({ buildId: 'ab'.repeat(20) })).toMatchObject({
    kind: 'UNKNOWN',
    reasons: {
      nodes: expect.arrayContaining([
        expect.objectContaining({ reason: expect.objectContaining({ code: 'PATCH_NOT_CATALOGUED' }) }),
      ]),
    },
  });
});

test('without kallsyms the rules rest on the release, and the answer shows that', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_a'], { capabilities: { kallsyms: null } }));

  expect((await ask({ name: 'lab_r_1v1_a' })).cohorts.nodes[0].verdict.rules).toEqual({
    sets: ['KLP_5_5'],
    basis: 'RELEASE',
  });
});

test('a release means the build for each host’s kernel', async () => {
  await registry.publish('lab_r_1v1_a', { release: 'lp-1' });
  await registry.publish('lab_r_1v1_a', { release: 'lp-1', kernel: '6.1' });
  await registry.report(logged(running('new', ['lab_r_1v1_a'])));
  await registry.report(
    logged(
      idle('old', {
        host: { kernelRelease: '6.1.0-56-cloud-amd64', kernelVersion: 'old' } as never,
        livepatches: [listed('lab_r_1v1_a', {}, '6.1')],
      }),
    ),
  );
  await registry.report(
    idle('other', { host: { kernelRelease: '6.12.1', kernelVersion: 'other' } as never }),
  );

  const answer = await ask({ release: 'lp-1' });
  expect(answer.counts).toMatchObject({ safe: 2, refused: 1 });
  expect(reason(answer, 'TARGET_NOT_BUILT_FOR_KERNEL')).toMatchObject({ errno: 'ENOEXEC' });
});

test('a target with unreadable states is unknown, because it might leave states behind', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v1_dyn');
  await registry.report(running('seen', ['lab_r_1v1_dyn']));
  await registry.report(running('web-1', ['lab_r_1v1_a']));

  const answer = await ask({ name: 'lab_r_1v1_dyn' }, { where: { hostnames: ['web-1'] } });
  expect(answer).toMatchObject({ kind: 'UNKNOWN', counts: { harmful: 0 } });
  expect(codes(answer)).toContain('STATES_UNREADABLE');
});

test('a recalled target is unsafe, also on hosts that run it', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_a']));
  const { patch } = await registry.ask('{ patch(name: "lab_r_1v1_a") { buildId } }');
  await registry.ask(
    'mutation ($id: String!) { recallPatch(buildId: $id, reason: "crashes") { recalledAt recallReason } }',
    { id: patch.buildId },
  );

  expect(await ask({ name: 'lab_r_1v1_a' })).toMatchObject({ kind: 'UNSAFE', counts: { harmful: 1 } });
});

test('what left the list by replacement is remembered, after its module is gone, until the next boot', async () => {
  await registry.publish('lab_r_s0_a');
  await registry.publish('lab_r_1v1_cb');
  const before = running('web-1', ['lab_r_1v1_cb']);
  await registry.report(before);
  const replaced = later(before, { livepatches: [listed('lab_r_s0_a')] });
  await registry.report(replaced);
  const { host } = await registry.ask('{ host(hostname: "web-1") { unlisted { name unlistedBy } } }');
  expect(host.unlisted).toEqual([{ name: 'lab_r_1v1_cb', unlistedBy: 'REPLACED' }]);
  expect(await ask({ name: 'lab_r_s0_a' })).toMatchObject({
    kind: 'UNSAFE',
    reasons: {
      nodes: expect.arrayContaining([
        expect.objectContaining({
          reason: expect.objectContaining({ code: 'STATE_LEFT_BEHIND', patch: 'lab_r_1v1_cb' }),
        }),
      ]),
    },
  });

  await registry.report(
    later(replaced, {
      host: { ...replaced.host, bootId: 'b0b0b0b0-0000-4000-8000-00000000000b' },
      kernelLog: { reachesBoot: true, events: [{ patch: 'lab_r_s0_a', event: 'PATCHED' }] },
    }),
  );
  expect((await ask({ name: 'lab_r_s0_a' })).kind).toBe('SAFE');
});

test('ids that a JSON number would confuse stay different from module to answer', async () => {
  const author =
    'schema: klp/v1\nstates:\n  - { id: 9007199254740993, version: 1, what: above, restore: unknown }\n ' +
    ' - { id: 18446744073709551615, version: 1, what: the largest, restore: unknown }\n';
  for (const name of ['lab_r_u64max_a', 'lab_r_p53_a', 'lab_r_p53p1_a']) await registry.publish(name);
  await registry.publish('lab_r_1v1_a', { author });
  const { states } = await registry.ask(
    '{ states { nodes { stateId versions { version patches } } } ' +
      'patch(name: "lab_r_1v1_a") { author { states { id } } } }',
  );
  expect(states.nodes.map((state: any) => state.stateId)).toEqual([
    '1',
    '9007199254740992',
    '9007199254740993',
    '18446744073709551615',
  ]);
  await registry.report(running('web-1', ['lab_r_p53p1_a']));
  expect(reason(await ask({ name: 'lab_r_p53_a' }), 'STATE_MISSING_IN_TARGET')).toMatchObject({
    stateId: '9007199254740993',
  });
});

test('where a patch cannot be disabled safely, a published one that restores its state is the bridge', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v1_cb', {
    author: 'schema: klp/v1\nstates:\n  - { id: 1, version: 1, what: a limit, restore: callbacks }\n',
  });
  const lab_target = {
    name: 'lab_target',
    patched: true,
    functions: [{ name: 'lab_target_show', sympos: 1 }],
  };
  await registry.witnessed('lab_r_1v1_cb', { over: ['lab_r_1v1_a'], objects: [KERNEL_PATCHED, lab_target] });
  await registry.report(logged(running('web-1', ['lab_r_1v1_a'])));

  const question = `{ host(hostname: "web-1") {
    gate: canDowngrade(to: { original: true }, evidence: UNSIGNED) { kind route }
    best: canDowngrade(to: { original: true }, evidence: UNSIGNED, bestRoute: true) { kind route steps { action patch } price { transitions reboots transitionsUnpatched cvesReopened } searched { tried of } } } }`;
  const { gate, best } = (await registry.ask(question)).host;
  expect(gate).toEqual({ kind: 'UNSAFE', route: 'DISABLE' });
  expect(best).toMatchObject({
    kind: 'SAFE',
    route: 'BRIDGE',
    price: { transitions: 2, reboots: 0 },
    searched: { tried: 1, of: 1 },
  });
  expect(best.steps.map((step: any) => `${step.action} ${step.patch}`)).toEqual([
    'LOAD lab_r_1v1_cb',
    'WAIT lab_r_1v1_cb',
    'DISABLE lab_r_1v1_cb',
    'WAIT lab_r_1v1_cb',
  ]);
});

test('what the next boot loads decides the route over a reboot', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.witnessed('lab_r_1v1_a');
  await registry.publish('lab_r_1v2_a');
  const boots = (name: string) => ({
    source: 'kpatch',
    kernelRelease: '7.3.4+deb13-cloud-amd64',
    loads: [{ name, buildId: listed(name).buildId }],
  });
  await registry.report(running('seen', ['lab_r_1v1_a']));
  await registry.report(
    running('web-1', ['lab_r_1v2_a'], { bootPersistence: boots('lab_r_1v1_a') as never }),
  );
  await registry.report(
    running('web-2', ['lab_r_1v2_a'], { bootPersistence: boots('lab_r_1v2_a') as never }),
  );
  await registry.report(running('web-3', ['lab_r_1v2_a']));

  const answer = await ask(
    { name: 'lab_r_1v1_a' },
    { route: 'REBOOT', where: { hostnames: ['web-1', 'web-2', 'web-3'] } },
  );
  expect(answer.hosts.nodes.map(({ host, verdict }: any) => `${host.hostname} ${verdict.kind}`)).toEqual([
    'web-1 SAFE',
    'web-2 UNSAFE',
    'web-3 UNKNOWN',
  ]);
  expect(codes(answer)).toEqual(expect.arrayContaining(['BOOT_LOADS_OTHER', 'BOOT_UNKNOWN']));
});
