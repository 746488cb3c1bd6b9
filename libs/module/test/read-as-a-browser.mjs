// Reads the module files of a folder with what a page has: the build of this library for browsers, and none of
// the globals of Node.js. Prints the manifest or the error code of each file, as JSON.
//
//   node --conditions=browser read-as-a-browser.mjs FOLDER

import { readdirSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';

const folder = process.argv[2];
const files = readdirSync(folder).map((name) => [
  name,
  new Uint8Array(readFileSync(path.join(folder, name))),
]);
for (const name of ['Buffer', 'process', 'crypto', 'global', 'setImmediate']) delete globalThis[name];

const { manifestOf, openModule } = await import('@klpreg/module');
const found = {};
for (const [name, bytes] of files)
  found[name] = await openModule(bytes).then(
    (reading) => manifestOf(reading, { release: 'r', owner: 'o' }),
    (error) => error.code ?? String(error),
  );
writeSync(1, JSON.stringify(found));
