import { readFileSync } from 'node:fs';
import path from 'node:path';
import { clearedBy, help, kindOf, REASON_CODES } from '../../src/index.js';

const [file] = help('NEVER_REPORTED').split('#') as [string];
const text = readFileSync(path.join(__dirname, '../..', file), 'utf8');
const parts = text.split(/^## /m).slice(1);
const sections = parts.flatMap((part) =>
  part
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      kind: /^\w+/.exec(part)![0],
      code: section.slice(0, section.indexOf('\n')),
      section,
    })),
);

test('every code has its section, in the order of the codes, and no other section exists', () =>
  expect(sections.map(({ code }) => code)).toEqual(REASON_CODES));

test.each(sections)('$code says what it means, what to do, and what clears it', ({ code, kind, section }) => {
  const reason = { code: code as (typeof REASON_CODES)[number] };
  expect(section).toMatch(/^\w+\n\n[A-Z].+\n\n\*\*To do:\*\* .+\n\*\*Cleared by:\*\* .+/);
  expect(section).toContain(`\`${clearedBy(reason)}\``);
  expect(kind.replace('Advisories', 'ADVISORY')).toBe(kindOf(reason));
});

test('a code links to its section', () =>
  expect(help('STATE_LEFT_BEHIND')).toBe('reasons.md#state_left_behind'));
