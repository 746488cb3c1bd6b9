import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const HERE = import.meta.dirname;
const FIXTURES = path.join(HERE, '../../../libs/module/fixtures');
const FILES = ['lab_raise.c', 'lab_slow.c'];

/** Modules that the fixtures lack: the C file, and the macros that make a module of it. */
const OWN = {
  lab_raise: ['lab_raise.c', { LAB_RAISE: 1 }],
  lab_setdata: ['lab_raise.c', { LAB_RAISE: 2 }],
  lab_slow: ['lab_slow.c', {}],
  lab_missing: ['lab_slow.c', { LAB_MISSING: 1 }],
  lab_both: ['lab_slow.c', { LAB_BOTH: 1 }],
  lab_r_named: ['lab_patch.inc.c', { LAB_REPLACE: 1, LAB_VM: 1, LAB_NAMED_VM: 1 }],
  lab_n_named: ['lab_patch.inc.c', { LAB_REPLACE: 0, LAB_VM: 1, LAB_NAMED_VM: 1 }],
  lab_r_prefail: ['lab_patch.inc.c', { LAB_REPLACE: 1, LAB_VM: 1, LAB_CB: 2, LAB_CB_ERR: 'EPERM' }],
  lab_r_absent: ['lab_patch.inc.c', { LAB_REPLACE: 1, LAB_ABSENT: 1 }],
};

/** The macros of `lab_patch.inc.c` for a module of the fixtures, from what `modules.json` says of it. */
function fixtureMacros({ replace, states, statesPtrNull, knobs }) {
  const macros = { LAB_REPLACE: replace ? 1 : 0 };
  for (const [name, value] of Object.entries(knobs)) macros[`LAB_${name}`] = value;
  if (!statesPtrNull)
    macros.LAB_STATES = states
      .map(({ id, version }) => `{ .id = ${id}UL, .version = ${version}U },`)
      .join(' ');
  return macros;
}

function unpackFixtures(series, folder) {
  const archive = path.join(FIXTURES, `modules-${series}.tar.gz`);
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xzf', archive, '-C', folder, '--strip-components=1']);
  return JSON.parse(readFileSync(path.join(folder, 'modules.json'), 'utf8'));
}

/** Kbuild makes `NAME.ko` of a stub that sets the macros and includes the C file. */
function writeStub(folder, name, [source, macros]) {
  const lines = Object.entries(macros).map(([macro, value]) => `#define ${macro} ${value}`);
  writeFileSync(
    path.join(folder, `${name}.c`),
    `${lines.join('\n')}\n#include ` +
      `"${source === 'lab_patch.inc.c' ? source : source.replace('.c', '.inc.c')}"\n`,
  );
}

/** Builds modules against a kernel's headers; returns them by file name, without debugging sections. */
function build(modules, headers, folder, say) {
  const stamp = createHash('sha256');
  for (const file of [
    ...FILES.map((name) => path.join(HERE, 'modules', name)),
    path.join(FIXTURES, 'src/lab_patch.inc.c'),
  ])
    stamp.update(readFileSync(file));
  stamp.update(JSON.stringify(modules)).update(path.basename(headers));
  const digest = stamp.digest('hex');
  const done = path.join(folder, 'complete');
  if (!existsSync(done) || readFileSync(done, 'utf8') !== digest) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const file of FILES)
      copyFileSync(path.join(HERE, 'modules', file), path.join(folder, file.replace('.c', '.inc.c')));
    for (const file of ['lab_patch.inc.c', 'lab_target.c'])
      copyFileSync(path.join(FIXTURES, 'src', file), path.join(folder, file));
    for (const [name, recipe] of Object.entries(modules)) writeStub(folder, name, recipe);
    writeFileSync(
      path.join(folder, 'Makefile'),
      `obj-m := lab_target.o ${Object.keys(modules)
        .map((name) => `${name}.o`)
        .join(' ')}\n`,
    );
    say(`Building ${Object.keys(modules).length + 1} modules`);
    make(headers, folder);
    writeFileSync(done, digest);
  }
  return readModules(folder);
}

/**
 * Runs Kbuild on a folder. A symbol that is missing is a warning: one module is made to lack one. Type
 * information of modules would need `pahole`.
 */
export function make(headers, folder) {
  const made = spawnSync(
    'make',
    [
      '-s',
      '-j2',
      '-C',
      headers,
      `M=${folder}`,
      'KBUILD_MODPOST_WARN=1',
      'CONFIG_DEBUG_INFO_BTF_MODULES=',
      'modules',
    ],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  if (made.status !== 0)
    throw new Error(`the modules in ${folder} cannot be built:\n${made.stderr.slice(-4000)}`);
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.ko')))
    execFileSync('strip', ['--strip-debug', path.join(folder, name)]);
}

export const readModules = (folder) =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.ko'))
      .sort()
      .map((name) => [name, readFileSync(path.join(folder, name))]),
  );

/**
 * Signs a module with a key that no kernel has; the first byte of the broken one's signature was changed.
 *
 * @param headers has `scripts/sign-file` of this kernel
 */
function sign(modules, headers, folder) {
  const key = path.join(folder, 'key.pem');
  if (!existsSync(key)) {
    const subject = ['-subj', '/CN=a key that no kernel has', '-addext', 'subjectKeyIdentifier=hash'];
    execFileSync(
      'openssl',
      [
        'req',
        '-new',
        '-x509',
        '-nodes',
        '-newkey',
        'rsa:2048',
        '-days',
        '36500',
        ...subject,
        '-keyout',
        key,
        '-out',
        `${key}.x509`,
      ],
      {
        stdio: 'ignore',
      },
    );
  }
  const file = path.join(folder, 'lab_r_s0_a.signed');
  writeFileSync(file, modules.get('lab_r_s0_a.ko'));
  execFileSync(path.join(headers, 'scripts/sign-file'), ['sha256', key, `${key}.x509`, file]);
  const signed = readFileSync(file);
  const broken = Buffer.from(signed);
  // At the end: the signature, 12 bytes about it that end with its length, and a marker of 28 bytes.
  broken[signed.length - 28 - 12 - signed.readUInt32BE(signed.length - 28 - 4)] ^= 0xff;
  modules.set('signed.ko', signed).set('broken.ko', broken);
}

/**
 * Modules for a kernel: the captured ones where they were built for exactly this release, else built from the
 * same source; and our own.
 */
export function getModules(release, headers, folder, say) {
  const captured = unpackFixtures('6.1', path.join(folder, 'captured'));
  const names = Object.keys(captured).filter(
    (name) => name !== 'lab_target' && !['lab_noftrace'].includes(name),
  );
  const fits = readFileSync(path.join(folder, 'captured', 'lab_r_s0_a.ko')).includes(`vermagic=${release} `);
  // Kbuild names the file as the source, with dashes: the kernel's name of a module has underscores.
  const files = readdirSync(path.join(folder, 'captured')).filter((file) => file.endsWith('.ko'));
  const fileOf = (name) =>
    path.basename(files.find((file) => file.replaceAll('-', '_') === `${name}.ko`) ?? name, '.ko');
  const recipes = fits
    ? {}
    : Object.fromEntries(
        names.map((name) => [fileOf(name), ['lab_patch.inc.c', fixtureMacros(captured[name])]]),
      );
  const built = build({ ...recipes, ...OWN }, headers, path.join(folder, 'built'), say);
  const modules = new Map([...(fits ? readModules(path.join(folder, 'captured')) : []), ...built]);
  sign(modules, headers, folder);
  return { modules, captured: fits };
}

/**
 * Modules of another kernel of the fixtures, under names of their own: `other/NAME.ko` becomes
 * `other_NAME.ko`.
 */
export function getForeign(folder, names) {
  unpackFixtures('7.3', path.join(folder, 'foreign'));
  return new Map(
    names.map((name) => [`other_${name}.ko`, readFileSync(path.join(folder, 'foreign', `${name}.ko`))]),
  );
}

/** The guest's only program. */
export function buildInit(folder) {
  const [source, program] = [path.join(HERE, 'guest/init.c'), path.join(folder, 'init')];
  mkdirSync(folder, { recursive: true });
  execFileSync('gcc-12', ['-static', '-O2', '-Wall', '-o', program, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return readFileSync(program);
}
