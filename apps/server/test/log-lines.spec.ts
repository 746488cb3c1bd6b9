import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { oneLine } from '../src/log-lines.js';

test.each([
  ['a line break', 'a\nb\r\nc', String.raw`a\nb\r\nc`],
  ['a NUL', 'a\u0000b', String.raw`a\u0000b`],
  ['a sequence that moves a cursor', '\u001b[2Jx', String.raw`\u001b[2Jx`],
  ['the same in one character', '\u009b2Jx', String.raw`\u009b2Jx`],
  ['a line separator', 'a\u2028b', String.raw`a\u2028b`],
  ['a change of direction', 'a\u202eb', String.raw`a\u202eb`],
  // cspell:ignore Grüße
  ['ordinary text, which stays', 'Grüße, 世界 😀 "x" \\n', 'Grüße, 世界 😀 "x" \\n'],
])('%s', (_, text, expected) => expect(oneLine(text)).toBe(expected));

const FORGED = 'x\n[Nest] 1 - LOG all is well\u001b[1A\u009b';

test('each message and each stack is one line, by either logger', () => {
  const dist = path.join(__dirname, '../dist/log-lines.js');
  const program = `
    import { OneLineLogger, jsonLines } from ${JSON.stringify(dist)};
    import { Logger } from '@nestjs/common';
    import fastify from 'fastify';
    const text = ${JSON.stringify(FORGED)};
    Logger.overrideLogger(new OneLineLogger(['error', 'warn']));
    new Logger('problem').error(text);
    new Logger('problem').warn({ text });
    new Logger('problem').error('with a stack', text + '\\n    at x (y.js:1:1)');
    fastify({ logger: { level: 'warn', stream: jsonLines } }).log.error({ err: new Error(text), url: text }, text);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: path.join(__dirname, '..'),
    encoding: 'utf8',
  });
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  // eslint-disable-next-line no-control-regex -- none of these may be left
  expect(lines.filter((line) => /[\u0000-\u001f\u007f-\u009f]/.test(line))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('[Nest] 1 ') || line.startsWith(' '))).toEqual([]);
  expect(lines.filter((line) => line.includes('all is well'))).toHaveLength(4);
  expect(JSON.parse(lines.find((line) => line.startsWith('{"level"'))!)).toMatchObject({
    url: FORGED,
    msg: FORGED,
  });
});
