import { readFileSync } from 'node:fs';
import path from 'node:path';
import { effectiveStates, findStateRefusals, type Patch } from '../../src/index.js';

interface WirePatch {
  replace: boolean;
  states: { id: string; version: number }[];
}
interface Vector {
  installed: WirePatch[];
  candidate: WirePatch;
  errno: 'OK' | 'EINVAL' | 'EBUSY';
}

const { vectors } = JSON.parse(readFileSync(path.join(__dirname, '../../fixtures/rules.json'), 'utf8')) as {
  vectors: Vector[];
};
const patch = ({ replace, states }: WirePatch, name: string): Patch => ({
  name,
  replace,
  states: effectiveStates(states.map(({ id, version }) => ({ id: BigInt(id), version }))),
});

test('every state check of the real kernels is decided as the kernel decided it', () => {
  const wrong = vectors.filter(({ installed, candidate, errno }) => {
    const refusals = findStateRefusals(
      patch(candidate, 'candidate'),
      installed.map((held, i) => patch(held, `p${i}`)),
    );
    return refusals.length > 0 !== (errno === 'EINVAL');
  });
  expect(vectors).toHaveLength(720);
  expect(wrong).toEqual([]);
});
