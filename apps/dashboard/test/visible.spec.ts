import { visible } from '../src/parts/visible.js';

test.each([
  ['a plain text', 'web-1.ams', 'web-1.ams'],
  ['markup', '<b>', '<b>'],
  ['an override', 'a\u202Egnp.exe', 'a\\u202egnp.exe'],
  ['isolates and marks', '\u2066x\u2069\u200F\u061C', '\\u2066x\\u2069\\u200f\\u061c'],
  ['letters that are written from right to left', '\u05E9\u05DC\u05D5\u05DD', '\u05E9\u05DC\u05D5\u05DD'],
])('%s', (_what, text, expected) => {
  expect(visible(text)).toBe(expected);
});
