import { instantFrom as parseInstant } from '@klpreg/where';
import { Instant } from '@klpreg/wire';
import fc from 'fast-check';
import { instantFrom, formatInstant, pointInTimeFrom } from '../src/gate/point-in-time.js';

const NOW = Date.parse('2026-11-24T12:00:00Z');

test.each<[text: string, instant: string]>([
  ['2026-11-24T10:00:00Z', '2026-11-24T10:00:00.000Z'],
  ['2026-11-24T10:00:00.250Z', '2026-11-24T10:00:00.250Z'],
  ['2026-11-24T10:00:00.123456789Z', '2026-11-24T10:00:00.123Z'],
  ['2026-11-24T10:00:00+01:00', '2026-11-24T09:00:00.000Z'],
  ['2026-11-24T00:30:00+05:30', '2026-11-23T19:00:00.000Z'],
  ['2026-11-23T22:00:00-08:00', '2026-11-24T06:00:00.000Z'],
  ['0s', '2026-11-24T12:00:00.000Z'],
  ['90s', '2026-11-24T11:58:30.000Z'],
  ['15m', '2026-11-24T11:45:00.000Z'],
  ['2h', '2026-11-24T10:00:00.000Z'],
  ['3d', '2026-11-21T12:00:00.000Z'],
  // The registry rejects an instant that lies ahead, because its clock counts.
  ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
])('--as-of %s is %s', (text, instant) => {
  expect(instantFrom(text, NOW)).toBe(instant);
});

const OF =
  'write an instant, such as 2026-11-24T10:00:00Z or 2026-11-24T11:00:00+01:00, or an age: 15m, 2h, 3d';
test.each<[text: string, message: string, hint: string]>([
  ['', "--as-of: '' is neither an instant nor an age", OF],
  ['yesterday', "--as-of: 'yesterday' is neither an instant nor an age", OF],
  ['15', "--as-of: '15' is neither an instant nor an age", OF],
  ['-15m', "--as-of: '-15m' is neither an instant nor an age", OF],
  ['1.5h', "--as-of: '1.5h' is neither an instant nor an age", OF],
  ['2026-11-24', "--as-of: '2026-11-24' is neither an instant nor an age", OF],
  ['10:00Z', "--as-of: '10:00Z' is neither an instant nor an age", OF],
  ['1795000000', "--as-of: '1795000000' is neither an instant nor an age", OF],
  ['2026-02-30T10:00:00Z', "--as-of: '2026-02-30T10:00:00Z' is neither an instant nor an age", OF],
  ['2026-11-24T25:00:00Z', "--as-of: '2026-11-24T25:00:00Z' is neither an instant nor an age", OF],
  [
    '2026-11-24T10:00:00',
    "--as-of: '2026-11-24T10:00:00' has no time zone",
    'write 2026-11-24T10:00:00Z for UTC, or an offset such as 2026-11-24T10:00:00+01:00',
  ],
  [
    '2026-11-24 10:00',
    "--as-of: '2026-11-24 10:00' has no time zone",
    'write 2026-11-24T10:00:00Z for UTC, or an offset such as 2026-11-24T10:00:00+01:00',
  ],
  [
    '2026-11-24T10:00:00.5 CET',
    "--as-of: '2026-11-24T10:00:00.5 CET' has no time zone offset",
    'write 2026-11-24T10:00:00.5Z for UTC, or an offset such as 2026-11-24T10:00:00.5+01:00',
  ],
  [
    '2026-11-24T10:00:00+0100',
    "--as-of: '2026-11-24T10:00:00+0100' has no time zone offset",
    'write 2026-11-24T10:00:00Z for UTC, or an offset such as 2026-11-24T10:00:00+01:00',
  ],
  ['999999999d', "--as-of: '999999999d' is out of range", OF],
  ['0000-01-01T00:00:00+01:00', "--as-of: '0000-01-01T00:00:00+01:00' is out of range", OF],
  ['9999-12-31T23:59:59-01:00', "--as-of: '9999-12-31T23:59:59-01:00' is out of range", OF],
])('--as-of %j is a usage error', (text, message, hint) => {
  expect(() => instantFrom(text, NOW)).toThrow(expect.objectContaining({ exit: 2, message, hints: [hint] }));
});

test('a formatted instant is UTC, says so, and can be parsed again', () => {
  expect(formatInstant('2026-11-24T10:00:00.000Z')).toBe('2026-11-24T10:00:00Z');
  expect(formatInstant('2026-11-24T10:00:00.250Z')).toBe('2026-11-24T10:00:00.250Z');
  for (const text of ['2026-11-24T10:00:00+01:00', '15m', '2026-11-24T10:00:00.25Z'])
    expect(instantFrom(formatInstant(instantFrom(text, NOW)), NOW)).toBe(instantFrom(text, NOW));
});

test.each<[flags: Parameters<typeof pointInTimeFrom>[0], pointInTime: object]>([
  [{}, {}],
  [{ asOf: '15m' }, { asOf: '2026-11-24T11:45:00.000Z' }],
  [
    { asOf: '15m', catalog: 'now' },
    { asOf: '2026-11-24T11:45:00.000Z', catalog: 'NOW' },
  ],
  [{ snapshot: 'WyJrbHAyIl0' }, { snapshot: 'WyJrbHAyIl0' }],
  [
    { snapshot: 'WyJrbHAyIl0', catalog: 'THEN' },
    { snapshot: 'WyJrbHAyIl0', catalog: 'THEN' },
  ],
])('%j is the point in time %j', (flags, pointInTime) => {
  expect(pointInTimeFrom(flags, NOW)).toEqual(pointInTime);
});

test('law: an instant is also one for messages, and no other text is an instant', () => {
  const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
  const text = fc
    .tuple(
      fc.integer({ min: 1971, max: 9998 }).map(String),
      two(13),
      two(32),
      fc.constantFrom('T', ' ', 't'),
      two(24),
      two(60),
      fc.oneof(
        fc.constant(''),
        two(60).map((s) => `:${s}`),
        two(60).map((s) => `:${s}.5`),
      ),
      fc.constantFrom('Z', 'z', '', '+01:00', '-23:59', '+24:00', '+0100'),
    )
    .map(([year, month, day, t, hour, minute, second, zone]) => {
      return `${year}-${month}-${day}${t}${hour}:${minute}${second}${zone}`;
    });
  const days = fc.constantFrom(
    '2024-02-29T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
  );
  fc.assert(
    fc.property(fc.oneof(text, days), (written) => {
      const result = parseInstant(written, NOW);
      if (Instant.safeParse(written).success)
        expect(result).toEqual({ instant: new Date(Date.parse(written)).toISOString() });
      else expect(result).toHaveProperty('wrong');
    }),
    { numRuns: 2000 },
  );
});
