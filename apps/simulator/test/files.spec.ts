import path from 'node:path';
import { openModule } from '@klpreg/module';
import { manifestOf } from '../src/fleet/builds.js';
import { ModuleFiles } from '../src/fleet/files.js';
import { makeFleet } from '../src/fleet/fleet.js';
import { relabel } from '../src/fleet/relabel.js';

const files = new ModuleFiles(path.join(__dirname, '../../..'));
const builds = makeFleet({ seed: 1, hosts: 1 }).builds();

test('every module file declares what its build is said to be', async () => {
  const withFile = builds.flatMap((build) => {
    const file = files.fileOf(build);
    return file === null ? [] : [{ build, file }];
  });
  expect(withFile.length).toBeGreaterThan(200);
  for (const { build, file } of withFile) {
    const { facts, buildId } = manifestOf(build);
    const reading = await openModule(file);
    const { name, kernelRelease, arch, vermagic, srcversion, replace, impact, builder, livepatch } = facts;
    expect(reading).toMatchObject({ buildId, name, kernelRelease, arch, vermagic, srcversion, replace, impact, builder, livepatch });
    expect(reading.states).toEqual(facts.states?.map(({ id, version }) => ({ id: BigInt(id), version })));
    expect(reading.objects).toMatchObject(facts.objects.map((object) => ({ name: object.name, functions: object.functions.map(({ name }) => ({ name })) })));
  }
});

test('a kernel that no captured module fits, and an owner who keeps its files, have facts alone', () => {
  for (const build of builds) expect(files.fileOf(build) === null).toBe(!build.hasFile);
  expect(builds.filter((build) => !build.hasFile).length).toBeGreaterThan(30);
});

describe('what does not fit is an error, not a broken module', () => {
  const build = builds.find((build) => build.hasFile)!;
  const file = files.fileOf(build)!;
  const label = { name: build.name, vermagic: build.kernel.vermagic, srcversion: 'A', buildId: build.buildId };
  test.each([
    ['a long vermagic', { vermagic: 'x'.repeat(200) }, 'bytes of .modinfo'],
    ['a long name', { name: 'x'.repeat(56), vermagic: 'y' }, 'too long'],
    ['a short build-id', { buildId: 'abcd' }, 'does not take the place of 20 bytes'],
  ])('%s', (_what, change, message) => {
    expect(() => relabel(file, { ...label, ...change })).toThrow(message);
  });
});
