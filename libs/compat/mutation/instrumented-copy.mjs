// Makes a copy of the library that has every mutant behind a switch.

import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { transformSync } from '@swc/core';

const LIBRARY = path.join(import.meta.dirname, '..');

/** Test builders, and an index without logic: nothing in them reaches a host. */
const LEFT_OUT = /^src\/(testing\/|index\.ts$)/;
/** String literals here are English for people, which no test compares. */
const PROSE = /^src\/(reasons\/sentences|lint\/findings)\.ts$/;

const silent = { debug: () => {}, info: () => {}, isDebugEnabled: () => false };
const options = { plugins: null, excludedMutations: [], ignorers: [] };

/**
 * Copies, instruments and compiles the library, to CommonJS.
 *
 * A mutant is active while `__stryker__.activeMutant` is its id.
 *
 * @returns the folder of the copy (the caller removes it), its specs, and each mutant with its place
 */
export async function instrument() {
  const root = mkdtempSync(path.join(tmpdir(), 'klpreg-mutants-'));
  for (const name of ['src', 'test', 'fixtures', 'reasons.md'])
    cpSync(path.join(LIBRARY, name), path.join(root, name), { recursive: true });

  const sources = typescriptBelow(root, 'src').map((name) => ({
    name,
    content: readFileSync(path.join(root, name), 'utf8'),
    mutate: !LEFT_OUT.test(name),
  }));
  const { files, mutants } = await new Instrumenter(silent).instrument(sources, options);
  for (const { name, content } of files) compile(root, name, content);
  const tests = typescriptBelow(root, 'test');
  for (const name of tests) compile(root, name, readFileSync(path.join(root, name), 'utf8'));

  const textOf = new Map(sources.map(({ name, content }) => [name, content.split('\n')]));
  return {
    root,
    specs: tests.filter((name) => name.endsWith('.spec.ts')).map((name) => name.slice(0, -'.ts'.length)),
    mutants: mutants
      .filter((mutant) => !isProse(mutant))
      .map((mutant) => describeMutant(mutant, textOf.get(mutant.fileName))),
  };
}

/** Removes the counting of passes, which makes the copy faster. Call it after measuring the coverage. */
export function stopCounting(root) {
  for (const name of readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.js'),
  )) {
    const file = path.join(root, 'src', name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/stryCov_9fa48\("\d+"(?:, "\d+")*\)/g, '0'));
  }
}

const isProse = ({ fileName, mutatorName }) => mutatorName === 'StringLiteral' && PROSE.test(fileName);

const typescriptBelow = (root, folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name}`)
    .toSorted();

function compile(root, name, content) {
  const jsc = { target: 'es2023', parser: { syntax: 'typescript' } };
  const { code } = transformSync(content, {
    filename: name,
    jsc,
    module: { type: 'commonjs' },
    swcrc: false,
  });
  writeFileSync(path.join(root, name.replace(/\.ts$/, '.js')), code);
}

/** Describes a mutant by its line text, the original and the replacement. Line numbers change. */
function describeMutant({ id, fileName, mutatorName, replacement, location: { start, end } }, lines) {
  const covered = lines.slice(start.line, end.line + 1);
  covered[covered.length - 1] = covered.at(-1).slice(0, end.column);
  covered[0] = covered[0].slice(start.column);
  return {
    id,
    file: fileName,
    at: start.line + 1,
    mutator: mutatorName,
    line: lines[start.line].trim(),
    original: inOneLine(covered.join('\n')),
    replacement: inOneLine(replacement),
  };
}

const inOneLine = (text) => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 120 ? `${flat.slice(0, 119)}…` : flat;
};
