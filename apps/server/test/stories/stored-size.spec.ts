import { contentDigest, type Report } from '@klpreg/wire';
import { Registry, idle } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_INGEST_HOST_KIB: '16' });
}, 120_000);
afterAll(() => registry.stop());

/** A report whose host has this many labels of 200 characters. */
function withLabels(name: string, count: number): Report {
  const report = idle(name);
  const labels = Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x'.repeat(200)]));
  const warnings = Array.from({ length: count }, (_, i) => `warning ${i} ${'y'.repeat(200)}`);
  const changed = { ...report, warnings, host: { ...report.host, labels } };
  return { ...changed, digest: contentDigest(changed as unknown as Record<string, unknown>) };
}

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
