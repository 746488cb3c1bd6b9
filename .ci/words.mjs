#!/usr/bin/env node
// Fails if a tracked file has a banned phrase, or if code has an identifier that the glossary replaced.
//
//   node .ci/words.mjs [--count] [PATH…]
//
// Without paths it reads the whole repository. It prints FILE:LINE, what was found and what to write
// instead, and exits with 1 if anything was found. --count prints the number of findings for each room.
// A line with the comment `words:allow` is not checked: it has a name that another program gives, such as
// the system user that PostgreSQL may run as.
//
// The lists are in words.json:
// - `phrases` are matched in all text: prose, comments, strings and code.
// - `identifiers` are matched in code without comments and strings, and in file names. `letter` matches
//   each part of an identifier in camelCase, snake_case or kebab-case: `sendLetter`, `LETTER_BYTES`.
// - `whole` identifiers match only if they are the whole identifier, because a part may be correct:
//   `wheel` is replaced by `timerWheel`.
//
// These names of the renames' table are not checked, because their correct uses are too many for a list:
// - names of platform APIs: post, round, once, shift, order, pass, fold, home, say, line, module, files;
// - plain English or terms elsewhere: tell, world, sink, look, settle, note, word, wanted, spend, quiet,
//   place, apart, ages, covered, course, leg, ordinary, loaded, declared, deltas, held, stale, before,
//   standing, moment, gather, turns, alike, view;
// - sighting: the store has a table of that name.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const TEXT = /\.(ts|mjs|cjs|js|graphql|md|sql|prisma|yml)$/;
const EXCLUDED =
  /(^|\/)(fixtures|goldens|generated|migrations)\/|(^|\/)package-lock\.json$|^GLOSSARY\.md$|^LICENSE$|^\.ci\/words\./;

/** What is not an identifier, by file type: comments, strings and regular expressions, in this order. */
const LINE_COMMENT = String.raw`\/\/[^\n]*`;
const BLOCK_COMMENT = String.raw`\/\*[^]*?\*\/`;
const STRINGS = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`;
const REGEXP = String.raw`(?<=[=(,:!&|?;{}[\]>]\s*|return\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`;
const JAVASCRIPT = new RegExp([LINE_COMMENT, BLOCK_COMMENT, STRINGS, REGEXP].join('|'), 'g');
const NOT_CODE = {
  '.ts': JAVASCRIPT,
  '.mjs': JAVASCRIPT,
  '.cjs': JAVASCRIPT,
  '.js': JAVASCRIPT,
  '.graphql': /"""[^]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g,
  '.prisma': /\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g,
  '.sql': /--[^\n]*|'(?:''|[^'])*'/g,
};

const root = path.resolve(import.meta.dirname, '..');
const { phrases, identifiers, whole } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'words.json'), 'utf8'),
);
const patterns = phrases.map((entry) => ({
  ...entry,
  pattern: new RegExp(entry.match, entry.flags ?? 'gi'),
}));

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** Blanks the text of template literals, and keeps their expressions. */
function blankTemplates(text) {
  let out = '';
  const braces = [];
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inText) {
      if (char === '\\') {
        out += '  ';
        at++;
        continue;
      }
      if (char === '`') inText = false;
      else if (char === '$' && text[at + 1] === '{') {
        braces.push(0);
        inText = false;
        out += '  ';
        at++;
        continue;
      }
      out += char === '\n' ? '\n' : ' ';
      continue;
    }
    if (char === '`') inText = true;
    else if (braces.length > 0 && char === '{') braces[braces.length - 1]++;
    else if (braces.length > 0 && char === '}' && braces[braces.length - 1]-- === 0) {
      braces.pop();
      inText = true;
    }
    out += char === '`' ? ' ' : char;
  }
  return out;
}

const partsOf = (identifier) =>
  identifier
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _$.-]+/);

/** Returns the replaced names in an identifier, with what to write instead. */
function findNames(identifier) {
  const parts = partsOf(identifier);
  const joined = ` ${parts.join(' ')} `;
  const found = Object.entries(identifiers).filter(([name]) =>
    joined.includes(` ${partsOf(name).join(' ')} `),
  );
  const exact = Object.entries(whole).filter(([name]) => partsOf(name).join(' ') === parts.join(' '));
  return [...found, ...exact];
}

function findingsIn(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const starts = [...text.matchAll(/\n/g)].map(({ index }) => index);
  const lineOf = (index) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < index) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
  const findings = [];
  for (const { pattern, instead } of patterns)
    for (const match of text.matchAll(pattern)) findings.push([lineOf(match.index), match[0], instead]);
  const nameParts = path.basename(file).replace(/\.[a-z]+$/, '');
  for (const [, instead] of findNames(nameParts)) findings.push([1, path.basename(file), instead]);
  const notCode = NOT_CODE[path.extname(file)];
  if (notCode !== undefined) {
    const code = text.replace(notCode, blank);
    const names = notCode === JAVASCRIPT ? blankTemplates(code) : code;
    for (const match of names.matchAll(/[A-Za-z_$][\w$]*/g))
      for (const [, instead] of findNames(match[0])) findings.push([lineOf(match.index), match[0], instead]);
  }
  const lines = text.split('\n');
  return findings.filter(([line]) => !lines[line - 1].includes('words:allow')).sort(([a], [b]) => a - b);
}

const roomOf = (file) =>
  file
    .split('/')
    .slice(0, /^(apps|libs)\//.test(file) ? 2 : 1)
    .join('/');

const args = process.argv.slice(2);
const folders = args.filter((arg) => !arg.startsWith('--'));
const unknown = args.filter((arg) => arg.startsWith('--') && arg !== '--count');
if (unknown.length > 0) {
  console.error(`${unknown[0]}: unknown option\nUsage: node .ci/words.mjs [--count] [PATH…]`);
  process.exit(2);
}
const tracked = execFileSync('git', ['ls-files', '-z', '--', ...folders], { cwd: root, encoding: 'utf8' });
const files = tracked.split('\0').filter((file) => TEXT.test(file) && !EXCLUDED.test(file));
const counts = new Map();
let total = 0;
for (const file of files) {
  const findings = findingsIn(file);
  total += findings.length;
  counts.set(roomOf(file), (counts.get(roomOf(file)) ?? 0) + findings.length);
  if (args.includes('--count')) continue;
  for (const [line, found, instead] of findings)
    console.log(`${file}:${line}: "${found.replace(/\s+/g, ' ')}": write ${instead}`);
}
if (args.includes('--count'))
  for (const [room, count] of [...counts].sort(([, a], [, b]) => b - a))
    console.log(`${String(count).padStart(6)}  ${room}`);
console.log(
  total === 0 ? `${files.length} files: no findings` : `${total} findings in ${files.length} files`,
);
process.exitCode = total === 0 ? 0 : 1;
