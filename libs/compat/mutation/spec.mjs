// As much of Jest as the specs of this library use, able to run one test of a spec in a fresh copy of all modules.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { expect } from 'expect';

const installed = createRequire(import.meta.url);

// A law is tried in the same worlds each time, and no simpler one is looked for than the first in which it fails.
installed('fast-check').configureGlobal({ seed: 1, endOnFailure: true });

/** Plain data in an inline snapshot is JSON, but for the last comma. */
expect.extend({
  toMatchInlineSnapshot(received, snapshot) {
    const pass = this.equals(received, JSON.parse(snapshot.replace(/,(?=\s*[\]}])/g, '')));
    return { pass, message: () => 'not as in the snapshot' };
  },
});

const collected = [];
const add = (sentence, body) => {
  const run = () => {
    if (body() instanceof Promise) throw new Error(`'${sentence}' waits, and nothing in this library does`);
  };
  collected.push({ sentence, run });
};
add.each = (rows) => (sentence, run) => {
  for (const row of rows) {
    const cells = Array.isArray(row) ? row : [row];
    add(typeof cells[0] === 'string' ? `${sentence}: ${cells[0]}` : sentence, () => run(...cells));
  }
};
Object.assign(globalThis, { expect, test: add, describe: (_, body) => body(), afterAll: () => {} });

/** These look at the worlds that laws are tried in, not at the library, and at thousands of them. */
const ABOUT_LAWS = /^the laws are not empty/;

/** Only what is compiled is kept: a module that runs again shares nothing with its last run. */
const compiled = new Map();

function compile(file) {
  const script = new Script(`(function (exports, require, __dirname) {${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
  });
  compiled.set(file, script);
  return script;
}

/** Takes modules of the copy anew, and others from where they are installed. */
function requireAnew() {
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

/** Which tests has this spec? Every module of the library, and the spec, runs anew. */
export function load(root, spec) {
  collected.length = 0;
  requireAnew()(path.join(root, `${spec}.js`));
  return collected.filter(({ sentence }) => !ABOUT_LAWS.test(sentence));
}
