import { splitStatements } from '../src/database/split-statements.js';

test.each<[rule: string, script: string, statements: string[]]>([
  ['a semicolon ends a statement', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
  ['the last one needs none', 'SELECT 1;\nSELECT 2\n', ['SELECT 1', 'SELECT 2']],
  ['nothing is no statement', ' ;; \n-- only a comment;\n/* and another; */ ;', []],
  [
    'a comment before a statement is left out, one inside stays',
    '-- CreateTable\nCREATE TABLE a (b int -- ; no\n);',
    ['CREATE TABLE a (b int -- ; no\n)'],
  ],
  [
    'comments nest',
    '/* a /* b; */ c; */ SELECT 1; SELECT /* x; /* y */ ; */ 2',
    ['SELECT 1', 'SELECT /* x; /* y */ ; */ 2'],
  ],
  [
    'a string keeps its semicolon and its doubled quote',
    `SELECT 'a;''b;'; SELECT 2`,
    [`SELECT 'a;''b;'`, 'SELECT 2'],
  ],
  ['a backslash is a character in a plain string', `SELECT 'a\\'; SELECT 2`, [`SELECT 'a\\'`, 'SELECT 2']],
  [
    'a backslash escapes in an E string',
    `SELECT E'a\\';b', e'\\\\'; SELECT 2`,
    [`SELECT E'a\\';b', e'\\\\'`, 'SELECT 2'],
  ],
  [
    'a word that ends in e makes no E string',
    `SELECT table_e'\\'; SELECT 2`,
    [`SELECT table_e'\\'`, 'SELECT 2'],
  ],
  [
    'a string may span lines and hold dashes',
    `SELECT 'a\n-- b;\n'; SELECT 2`,
    [`SELECT 'a\n-- b;\n'`, 'SELECT 2'],
  ],
  [
    'a quoted name keeps its semicolon',
    `SELECT "a;""b;'" FROM c; SELECT 2`,
    [`SELECT "a;""b;'" FROM c`, 'SELECT 2'],
  ],
  [
    'a dollar quote keeps its body',
    `DO $$ BEGIN PERFORM 1; END $$; SELECT 2`,
    ['DO $$ BEGIN PERFORM 1; END $$', 'SELECT 2'],
  ],
  [
    'a tagged dollar quote ends at its own tag',
    'DO $a$ $$; $b$; $a$; SELECT 2',
    ['DO $a$ $$; $b$; $a$', 'SELECT 2'],
  ],
  [
    'quotes mean nothing in a dollar quote',
    `DO $$ it's; "b; /* $$; SELECT 2`,
    [`DO $$ it's; "b; /* $$`, 'SELECT 2'],
  ],
  [
    'a dollar inside a name opens no quote',
    'SELECT a$b$ FROM c; SELECT d$b$ FROM e',
    ['SELECT a$b$ FROM c', 'SELECT d$b$ FROM e'],
  ],
  [
    'a parameter opens no quote',
    'PREPARE p AS SELECT $1; EXECUTE p(1)',
    ['PREPARE p AS SELECT $1', 'EXECUTE p(1)'],
  ],
  [
    'parentheses keep their semicolons',
    'CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3',
    ['CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)', 'SELECT 3'],
  ],
  [
    // cspell:ignore größe
    'letters beyond ASCII are letters',
    `SELECT 'é;' AS größe; SELECT 2`,
    [`SELECT 'é;' AS größe`, 'SELECT 2'],
  ],
])('%s', (_rule, script, statements) => {
  expect(splitStatements(script).map(({ sql }) => sql)).toEqual(statements);
});

test.each<[rule: string, script: string, message: string]>([
  ['an open string is a mistake', `SELECT 1;\nSELECT 'a;`, `line 2: ' is not closed`],
  ['an open name is a mistake', `SELECT "a;`, `line 1: " is not closed`],
  ['an open dollar quote is a mistake', 'SELECT 1;\n\nDO $x$ $$;', 'line 3: $x$ is not closed'],
  ['an open comment is a mistake', 'SELECT 1; /* /* */', 'line 1: /* is not closed'],
  [
    'a body without quotes is refused',
    'CREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC SELECT 1; END',
    'line 2: write the body in $$ … $$ instead of BEGIN ATOMIC … END',
  ],
])('%s', (_rule, script, message) => {
  expect(() => splitStatements(script)).toThrow(message);
});

test('each statement knows its line', () => {
  expect(splitStatements('-- a\nSELECT 1;\n\n\nSELECT\n 2;').map(({ line }) => line)).toEqual([2, 5]);
});
