import { RequestError } from '../src/errors.js';
import { readBatch } from '../src/ingest/messages.js';

/** The errors of a batch in which each message is the same. */
function errorsOf(kind: 'reports' | 'heartbeats', message: object, count: number): RequestError[] {
  const reads = readBatch(kind, Buffer.from(JSON.stringify(Array(count).fill(message))));
  return reads.map((read) => {
    try {
      read();
    } catch (error) {
      if (error instanceof RequestError) return error;
    }
    throw new Error('the message was not refused');
  });
}

test.each(['reports', 'heartbeats'] as const)(
  'a batch of wrong %s reports a bounded number of problems, and each message has one',
  (kind) => {
    const errors = errorsOf(kind, { livepatches: [{}] }, 1000);
    expect(errors[0]!.problems.length).toBeGreaterThan(3);
    expect(errors.filter(({ code, problems }) => code !== 'BAD_USER_INPUT' || problems.length === 0)).toEqual(
      [],
    );
    expect(errors.at(-1)!.problems).toHaveLength(1);
    expect(errors.at(-1)!.message).toContain(errors.at(-1)!.problems[0]!.detail);
    const reported = errors.reduce((sum, { problems }) => sum + problems.length, 0);
    expect(reported).toBeLessThan(200 + 1000 + 20);
  },
);

test('a batch with few wrong messages reports every problem of each', () => {
  const counts = errorsOf('reports', { livepatches: [{}] }, 5).map(({ problems }) => problems.length);
  expect(new Set(counts).size).toBe(1);
});
