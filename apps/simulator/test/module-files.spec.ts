import path from 'node:path';
import { openModule } from '@klpreg/module';
import { manifestOf } from '../src/fleet/builds.js';
import { ModuleFiles } from '../src/fleet/module-files.js';
import { makeFleet } from '../src/fleet/fleet.js';
import { rewriteModule } from '../src/fleet/rewrite-module.js';

const files = new ModuleFiles(path.join(__dirname, '../../..'));
const builds = makeFleet({ seed: 1, hosts: 1 }).builds();

test('every module file has the declarations of its manifest', async () => {
  const withFile = builds.flatMap((build) => {
    const file = files.fileOf(build);
    return file === null ? [] : [{ build, file }];
  });
  expect(withFile.length).toBeGreaterThan(200);
  for (const { build, file } of withFile) {
    const { facts, buildId } = manifestOf(build);
    const reading = await openModule(file);
    const { name, kernelRelease, arch, vermagic, srcversion, replace, impact, builder, livepatch } = facts;
    expect(reading).toMatchObject({
      buildId,
      name,
      kernelRelease,
      arch,
      vermagic,
      srcversion,
      replace,
      impact,
      builder,
      livepatch,
    });
    expect(reading.states).toEqual(facts.states?.map(({ id, version }) => ({ id: BigInt(id), version })));
    const objects = facts.objects.map(({ name, functions }) => ({
      name,
      functions: functions.map((one) => ({ name: one.name })),
    }));
    expect(reading.objects).toMatchObject(objects);
  }
});

test('a build has no file if no captured module fits its kernel or its owner uploads none', () => {
  for (const build of builds) expect(files.fileOf(build) === null).toBe(!build.hasFile);
  expect(builds.filter((build) => !build.hasFile).length).toBeGreaterThan(30);
});

describe('a value that does not fit is an error', () => {
  const build = builds.find((build) => build.hasFile)!;
  const file = files.fileOf(build)!;
  const identity = {
    name: build.name,
    vermagic: build.kernel.vermagic,
    srcversion: 'A',
    buildId: build.buildId,
  };
  test.each([
    ['a long vermagic', { vermagic: 'x'.repeat(200) }, '.modinfo needs'],
    ['a long name', { name: 'x'.repeat(56), vermagic: 'y' }, 'a module name has at most 55 bytes'],
    ['a short build-id', { buildId: 'abcd' }, 'the build-id must have 20 bytes'],
  ])('%s', (_what, change, message) => {
    expect(() => rewriteModule(file, { ...identity, ...change })).toThrow(message);
  });
});
