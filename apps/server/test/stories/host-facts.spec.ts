import { idle, later, leftover, listed, Registry, sealed } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
afterAll(() => registry.stop());

const FACTS = `query ($asOf: DateTime) { host(hostname: "web-1", asOf: $asOf) {
  stack { name moduleState moduleTaint } leftovers { name moduleState } unlisted { name unlistedBy }
  bootHistory historyTooLong gates { modulesDisabled ftraceEnabled signatureEnforced lockdown } otherLivePatching
  inactive { patch object } unread warnings suspect
} }`;

const objects = [
  { name: 'vmlinux', patched: true, functions: [] },
  { name: 'nfsd', patched: false, functions: [] },
];
const host = sealed({
  ...idle('web-1'),
  livepatches: [listed('lab_n_1v1_a', { objects, moduleState: 'Live', moduleTaint: 'OEK' })],
  leftovers: [{ ...leftover('lab_r_1v1_a'), moduleState: 'Live' }],
  gates: { modulesDisabled: false, ftraceEnabled: true },
  otherLivePatching: ['module kcare'],
  unread: ['the taint of lab_r_1v1_a'],
  warnings: ['the machine id cannot be read: took none'],
});

test('a host shows its gates, its boot, what is not active, and what could not be read', async () => {
  expect((await registry.report(host)).status).toBe(200);
  expect((await registry.ask(FACTS)).host).toEqual({
    stack: [{ name: 'lab_n_1v1_a', moduleState: 'LIVE', moduleTaint: 'OEK' }],
    leftovers: [{ name: 'lab_r_1v1_a', moduleState: 'LIVE' }],
    unlisted: [{ name: 'lab_r_1v1_a', unlistedBy: 'UNKNOWN' }],
    bootHistory: 'STARTED_LATE',
    historyTooLong: false,
    gates: { modulesDisabled: false, ftraceEnabled: true, signatureEnforced: false, lockdown: 'NONE' },
    otherLivePatching: ['module kcare'],
    inactive: [{ patch: 'lab_n_1v1_a', object: 'nfsd' }],
    unread: ['the taint of lab_r_1v1_a'],
    warnings: ['the machine id cannot be read: took none'],
    suspect: false,
  });
});

test('what was seen in this boot is remembered; what is reported each time is today’s', async () => {
  const then = registry.now();
  registry.wait(1, 'minutes');
  await registry.report(
    later(host, { livepatches: [], leftovers: [], otherLivePatching: [], unread: [], warnings: [] }),
  );
  expect((await registry.ask(FACTS)).host).toMatchObject({
    unlisted: [
      { name: 'lab_r_1v1_a', unlistedBy: 'UNKNOWN' },
      { name: 'lab_n_1v1_a', unlistedBy: 'UNKNOWN' },
    ],
    otherLivePatching: ['module kcare'],
    inactive: [],
    unread: [],
    warnings: [],
  });
  expect((await registry.ask(FACTS, { asOf: then })).host).toMatchObject({
    stack: [{ name: 'lab_n_1v1_a' }],
    inactive: [],
  });
});
