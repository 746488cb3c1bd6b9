import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REASON_CODES } from '../../src/index.js';

/** An empty selection is the server's to tell. */
const NOT_PRODUCED_HERE = ['NO_HOSTS_MATCHED'];

/** All the text below a folder, in one piece. */
const textBelow = (folder: string): string =>
  readdirSync(path.join(__dirname, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(__dirname, folder, file), 'utf8'))
    .join('\n');

const source = textBelow('../../src');
const tests = textBelow('..');

test('every code is produced here, or known to be produced elsewhere', () => {
  // As the code of a reason, or as one of the two that a leftover makes.
  const produced = REASON_CODES.filter((code) => new RegExp(`(code: |\\? |: )'${code}'`).test(source));
  expect(REASON_CODES.filter((code) => !produced.includes(code))).toEqual(
    NOT_PRODUCED_HERE.toSorted((a, b) => REASON_CODES.indexOf(a as never) - REASON_CODES.indexOf(b as never)),
  );
});

test('every code that is produced here has a table of rows', () => {
  const untested = REASON_CODES.filter(
    (code) => !NOT_PRODUCED_HERE.includes(code) && !tests.includes(`reasonTable('${code}'`),
  );
  expect(untested).toEqual([]);
});
