import { contentDigest, type Report } from '@klpreg/wire';
import { ChangeBudget } from '../../src/ingest/change-budget.js';
import { Registry, idle } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_INGEST_HOST_KIB: '16', KLPREG_INGEST_HOST_KIB_PER_HOUR: '1024' });
});
afterAll(() => registry.stop());

/** A report whose host has this many labels of 200 characters. */
function withLabels(name: string, count: number): Report {
  const report = idle(name);
  const labels = Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x'.repeat(200)]));
  const warnings = Array.from({ length: count }, (_, i) => `warning ${i} ${'y'.repeat(200)}`);
  const changed = { ...report, warnings, host: { ...report.host, labels } };
  return { ...changed, digest: contentDigest(changed as unknown as Record<string, unknown>) };
}

const superseded = async (hostname: string) =>
  (await registry.ask(`{ host(hostname: "${hostname}") { freshness { superseded } } }`)).host.freshness
    .superseded;
const hosts = async () => (await registry.ask('{ hosts(first: 1) { totalCount } }')).hosts.totalCount;

test('a report that would take more room than a host has is refused, and the refusal names the limit', async () => {
  expect(await registry.send('POST', '/v1/reports', withLabels('large', 60))).toMatchObject({
    status: 413,
    body: {
      code: 'TOO_LARGE',
      detail: expect.stringMatching(/would take \d+ KiB; the limit is 16 KiB \(KLPREG_INGEST_HOST_KIB/),
    },
  });
  expect(await hosts()).toBe(0);
});

test('in a batch, only that report is refused', async () => {
  const { status, body } = await registry.send('POST', '/v1/reports:batch', [
    idle('small-1'),
    withLabels('large', 60),
    withLabels('small-2', 10),
  ]);
  expect(status).toBe(200);
  expect(JSON.stringify(body)).toMatch(/STORED.*TOO_LARGE.*STORED/);
});

describe('what a host adds to the history in an hour', () => {
  const changed = (i: number, name = 'flapping') => ({ ...withLabels(name, 30 + (i % 5)), sequence: i + 1 });

  test('is limited, and the refusal says when to send it again', async () => {
    const statuses = [];
    for (let i = 0; statuses.at(-1) !== 429; i++) {
      expect(i).toBeLessThan(200);
      const { status, body } = await registry.send('POST', '/v1/reports', changed(i));
      statuses.push(status);
      if (status === 429) {
        expect(body.detail).toMatch(
          /may add 1024 KiB .*KLPREG_INGEST_HOST_KIB_PER_HOUR.*; send it again in \d+ s/,
        );
      }
    }
    expect(statuses.slice(0, -1)).toEqual(statuses.slice(0, -1).map(() => 200));
    // 1,024 KiB and a report of 13 to 17 KiB
    expect(statuses.length).toBeGreaterThan(50);
  });

  test('a refused report marks the stored facts of its host as superseded, until a report is stored', async () => {
    expect(await superseded('flapping')).toBe(true);
    registry.wait(1, 'hours');
    const again = { ...changed(1), sequence: 300 };
    expect(await registry.send('POST', '/v1/reports', again)).toMatchObject({ status: 200 });
    expect(await superseded('flapping')).toBe(false);
    const tooLarge = { ...withLabels('flapping', 60), sequence: 301 };
    expect((await registry.send('POST', '/v1/reports', tooLarge)).status).toBe(413);
    expect(await superseded('flapping')).toBe(true);
  });

  test('is charged once for a report, however often the report is decided', () => {
    const budget = new ChangeBudget({ ingest: { hostKibPerHour: 1024 } } as never);
    const received = { message: changed(1), receivedAt: registry.now() } as never;
    for (let i = 0; i < 200; i++) expect(budget.refuse(received)).toBe(null);
  });

  test('does not limit other hosts, nor reports without a change', async () => {
    expect(await registry.send('POST', '/v1/reports', changed(0, 'other'))).toMatchObject({ status: 200 });
    for (let i = 1; i < 100; i++) {
      const { status } = await registry.send('POST', '/v1/reports', {
        ...changed(0, 'other'),
        sequence: i + 1,
      });
      expect(status).toBe(200);
    }
  });
});
