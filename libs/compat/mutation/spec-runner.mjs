// The part of Jest that the specs of this library use. It runs one test of a spec with fresh modules.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { expect } from 'expect';

const installed = createRequire(import.meta.url);

// The same cases each time, without shrinking the first counterexample.
installed('fast-check').configureGlobal({ seed: 1, endOnFailure: true });

/** Plain data in an inline snapshot is JSON with trailing commas. */
expect.extend({
  toMatchInlineSnapshot(received, snapshot) {
    const pass = this.equals(received, JSON.parse(snapshot.replace(/,(?=\s*[\]}])/g, '')));
    return { pass, message: () => 'differs from the snapshot' };
  },
});

const collected = [];
const add = (name, body) => {
  const run = () => {
    if (body() instanceof Promise) throw new Error(`'${name}' is asynchronous, and this library is not`);
  };
  collected.push({ name, run });
};
add.each = (rows) => (name, run) => {
  for (const row of rows) {
    const cells = Array.isArray(row) ? row : [row];
    add(typeof cells[0] === 'string' ? `${name}: ${cells[0]}` : name, () => run(...cells));
  }
};
Object.assign(globalThis, { expect, test: add, describe: (_, body) => body(), afterAll: () => {} });

/** Slow tests of the generated cases, not of the library. */
const ABOUT_LAWS = /^the laws are not empty/;

/** Cache of compiled scripts. Each load runs them again, so that no module state is shared. */
const compiled = new Map();

function compile(file) {
  const script = new Script(`(function (exports, require, __dirname) {${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
  });
  compiled.set(file, script);
  return script;
}

/** Returns a `require` that loads each module of the copy afresh, once, and others from node_modules. */
export function freshRequire() {
  const modules = new Map();
  const load = (file) => {
    if (modules.has(file)) return modules.get(file);
    const exports = {};
    modules.set(file, exports);
    const folder = path.dirname(file);
    const body = (compiled.get(file) ?? compile(file)).runInThisContext();
    body(
      exports,
      (id) => (id.startsWith('.') ? load(path.join(folder, id.replace(/(\.js)?$/, '.js'))) : installed(id)),
      folder,
    );
    return exports;
  };
  return load;
}

/**
 * Loads a spec, and those of its modules that `require` has not loaded yet.
 *
 * @returns its tests
 */
export function load(root, spec, require = freshRequire()) {
  collected.length = 0;
  require(path.join(root, `${spec}.js`));
  return collected.filter(({ name }) => !ABOUT_LAWS.test(name));
}
