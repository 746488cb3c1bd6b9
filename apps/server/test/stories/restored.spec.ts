import { CAN_DOWNGRADE, listed, Registry, running } from '../registry.js';

const RECALL = 'mutation ($buildId: String!) { recallPatch(buildId: $buildId, reason: "it leaks") { name } }';
const SNAPSHOT =
  'query ($to: TargetInput!, $snapshot: ID) { canDowngrade(to: $to, snapshot: $snapshot) { kind ' +
  'snapshot { id catalogRevision } } }';
const GOING_BACK = { to: { release: 'lab_r_1v1_a' } };

let registry: Registry;
let restore: () => Promise<void>;
beforeEach(async () => {
  registry = await Registry.start();
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v2_a');
  await registry.report(running('web-1', ['lab_r_1v2_a']));
  restore = await registry.keep();
});
afterEach(() => registry.stop());

const { buildId } = listed('lab_r_1v1_a');
const answer = async () => {
  const { kind, reasons } = (await registry.ask(CAN_DOWNGRADE, GOING_BACK)).canDowngrade;
  return {
    kind,
    recalled: reasons.nodes.some(
      ({ reason }: { reason: { code: string } }) => reason.code === 'TARGET_RECALLED',
    ),
  };
};

test('a catalog that is held is not that of an earlier database, though it counts as many changes', async () => {
  await registry.publish('lab_n_1v1_a');
  const before = (await registry.ask(SNAPSHOT, GOING_BACK)).canDowngrade;
  expect(await answer()).toMatchObject({ recalled: false });
  await restore();
  await registry.ask(RECALL, { buildId });
  expect(await answer()).toMatchObject({ recalled: true });
  const after = (await registry.ask(SNAPSHOT, GOING_BACK)).canDowngrade;
  expect(after.snapshot.catalogRevision).toBe(before.snapshot.catalogRevision);
});

test('nor is it the beginning of a later one', async () => {
  await registry.publish('lab_n_1v1_a');
  expect(await answer()).toMatchObject({ recalled: false });
  await restore();
  await registry.ask(RECALL, { buildId });
  await registry.publish('lab_n_1v1_a');
  expect(await answer()).toMatchObject({ recalled: true });
});

test('a snapshot of what was lost is gone, and it is said why', async () => {
  await registry.publish('lab_n_1v1_a');
  const { snapshot } = (await registry.ask(SNAPSHOT, GOING_BACK)).canDowngrade;
  const again = { ...GOING_BACK, snapshot: snapshot.id };
  expect((await registry.ask(SNAPSHOT, again)).canDowngrade.snapshot.id).toBe(snapshot.id);
  await restore();
  const gone = {
    message: expect.stringContaining('the database was restored'),
    extensions: { code: 'SNAPSHOT_GONE' },
  };
  expect(await registry.graphqlError(SNAPSHOT, again)).toMatchObject(gone);
  await registry.ask(RECALL, { buildId });
  expect(await registry.graphqlError(SNAPSHOT, again)).toMatchObject(gone);
});
