import { filterOf, isOfBuilds, pageOf } from '../src/catalog/filter.js';
import { formOf, readAnswer } from '../src/catalog/upload.js';
import type { PatchFacts } from '../src/patch/generated/operations.js';
import { buildsBefore, lintPatch } from '../src/patch/lint-patch.js';

test.each([
  [{}, false],
  [{ where: 'env=prod' }, false],
  [{ by: 'builds' }, true],
  [{ owner: 'kernel-team' }, true],
  [{ recalled: 'yes' }, true],
  [{ owner: '' }, false],
])('%j is about builds: %j', (values, is) => {
  expect(isOfBuilds(values)).toBe(is);
});

test.each([
  [{}, {}],
  [
    { release: 'r', kernel: '6.1', state: '7' },
    { releases: ['r'], kernelReleases: ['6.1'], stateId: '7' },
  ],
  [
    { impact: 'NONE', recalled: 'no' },
    { impacts: ['NONE'], recalled: false },
  ],
  [{ impact: 'other', recalled: 'other', owner: '' }, {}],
])('the filter of %j', (values, filter) => {
  expect(filterOf(values)).toEqual(filter);
});

test.each([
  [{}, { first: 50, after: undefined }],
  [{ after: 'x' }, { first: 50, after: 'x' }],
  [{ before: 'x' }, { last: 50, before: 'x' }],
])('the page of %j', (values, page) => {
  expect(pageOf(values)).toEqual(page);
});

describe('Publishing', () => {
  const upload = {
    buildId: 'ab',
    module: new File(['x'], 'lp.ko'),
    release: 'r',
    owner: 'o',
    author: '',
    signature: '',
  };

  test('a module without an author statement has no part for it', () => {
    expect([...formOf(upload).keys()]).toEqual(['release', 'owner', 'module']);
  });

  test('the module is the last part, so that a wrong field is found before', () => {
    const form = formOf({ ...upload, author: 'version: 1', signature: ' abc ' });
    expect([...form.keys()]).toEqual(['release', 'owner', 'author', 'signature', 'module']);
    expect(form.get('signature')).toBe('abc');
  });

  test.each([
    ['stored', 200, { outcome: 'PUBLISHED', conflicts: [] }, { outcome: 'PUBLISHED', conflicts: [] }],
    [
      'refused, with the field',
      400,
      { detail: 'd', errors: [{ pointer: '/owner', detail: 'must be o', found: 'p' }] },
      {
        outcome: 'REFUSED',
        status: 400,
        detail: 'd',
        problems: [{ pointer: '/owner', detail: 'must be o', found: 'p' }],
      },
    ],
    ['refused without details', 503, {}, { outcome: 'REFUSED', status: 503, detail: '', problems: [] }],
  ])('%s', (_, status, body, answer) => {
    expect(readAnswer(status, JSON.stringify(body))).toEqual(answer);
  });

  test('the page of a proxy is no success', () => {
    expect(readAnswer(200, '<html>')).toMatchObject({ outcome: 'REFUSED' });
  });
});

describe('Lint', () => {
  const build = (day: number, states: Readonly<Record<string, number>>): PatchFacts => ({
    buildId: `id-${day}`,
    name: `lp_${day}`,
    release: `r-${day}`,
    owner: 'kernel-team',
    kernelRelease: '6.12.95',
    arch: 'x86_64',
    replace: true,
    states: Object.entries(states).map(([id, version]) => ({ id, version })),
    impact: 'DECLARED',
    impactReasons: [],
    callbacks: { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false },
    objects: [],
    author: null,
    publishedAt: `2026-01-0${day}T00:00:00.000Z`,
  });
  const codes = (patch: PatchFacts, before?: PatchFacts) => lintPatch(patch, before).map(({ code }) => code);

  test('a state that the build before has is missing', () => {
    expect(codes(build(2, { 1: 1 }), build(1, { 1: 1, 2: 1 }))).toContain('STATE_FORGOTTEN');
    expect(codes(build(2, { 1: 1 }))).not.toContain('STATE_FORGOTTEN');
  });

  test('what was published later is not before', () => {
    const [first, second, third] = [build(1, {}), build(2, {}), build(3, {})];
    expect(buildsBefore(second, [third, second, first])).toEqual([first]);
  });
});
