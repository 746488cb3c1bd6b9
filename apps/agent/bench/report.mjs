// What does one report cost its host? The real agent reads a captured tree and sends to a registry that takes
// everything; the process says itself what it used.

import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

const AGENT = path.resolve(import.meta.dirname, '../bin/klpreg-agent.js');
const SAY =
  `data:text/javascript,process.on('exit',()=>{const ` +
  `u=process.resourceUsage();process.stderr.write('\\n@'+JSON.stringify([(u.userCPUTime+u.systemCPUTime)/1000,u.maxRSS/1024]))})`;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-bench-'));
const registry = createServer((request, response) => {
  request
    .resume()
    .on('end', () =>
      response.setHeader('content-type', 'application/json').end('{"outcome":"STORED","intervalSeconds":60}'),
    );
});
await new Promise((resolve) => registry.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${registry.address().port}`;
const use = (state) =>
  new Promise((resolve, reject) => {
    const words = [
      'report',
      '--full',
      '--root',
      path.join(folder, '7.3/one-replace/on'),
      '--state',
      state,
      '--instance',
      'bench',
      '--url',
      url,
    ];
    const child = spawn(process.execPath, ['--import', SAY, AGENT, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => (said += text));
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(said.slice(said.lastIndexOf('@') + 1))) : reject(new Error(said)),
    );
  });
try {
  execFileSync('tar', ['xzf', path.join(import.meta.dirname, '../fixtures/trees-7.3.tar.gz'), '-C', folder]);
  const used = [];
  for (let i = 0; i < 7; i++) used.push(await use(path.join(folder, 'state')));
  console.log(
    JSON.stringify({
      bench: 'agent',
      metric: 'processor time of a report',
      value: median(used.map(([cpu]) => cpu)),
      unit: 'ms',
    }),
  );
  console.log(
    JSON.stringify({
      bench: 'agent',
      metric: 'memory at most',
      value: median(used.map(([, memory]) => memory)),
      unit: 'MiB',
    }),
  );
} finally {
  registry.close();
  rmSync(folder, { recursive: true, force: true });
}
