import { formatAge } from '../../src/facts/age.js';

test.each([
  [0, '0 s'],
  [119.9, '119 s'],
  [120, '2 min'],
  [7 * 60 + 59, '7 min'],
  [7199, '119 min'],
  [7200, '2 h'],
  [172_799, '47 h'],
  [172_800, '2 d'],
  [30 * 86_400, '30 d'],
])('%s s is %s', (seconds, text) => expect(formatAge(seconds)).toBe(text));
