import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { idle, logged, Registry, running } from '../registry.js';

const REPOSITORY = path.join(__dirname, '../../../..');
const PAGE = readFileSync(path.join(REPOSITORY, 'docs/integrating/pipelines.md'), 'utf8');
/** The block of a section; the last section of that name. */
function block(section: string, language: string, nth = 0): string {
  const text = PAGE.slice(PAGE.indexOf(`\n## ${section}`));
  const found = [...text.matchAll(/```(\w+)\n([^]*?)```/g)].filter(([, of]) => of === language)[nth];
  return found![2]!;
}

let registry: Registry;
let token: string;
/** The folder in which the steps run. */
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-pipelines-'));
let url: string;
beforeAll(async () => {
  registry = await Registry.start();
  await registry.app.listen(0, '127.0.0.1');
  url = await registry.app.getUrl();
  await registry.publish('lab_r_1v1_a', { release: 'lp-10' });
  await registry.publish('lab_r_1v2_a', { release: 'lp-12' });
  const labelled = (role: string) => ({ host: { labels: { role } } }) as never;
  await registry.report(logged(idle('web-1', labelled('web'))));
  await registry.report(logged(running('db-1', ['lab_r_1v2_a'], labelled('db'))));
  const { createToken } = await registry.ask(
    'mutation { createToken(input: { name: "ci", role: GATE }) { text } }',
  );
  token = createToken.text;
  symlinkSync(path.join(REPOSITORY, 'apps/cli/bin/klpreg.js'), path.join(folder, 'klpreg'));
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true });
});

/** Runs a step, as a runner does: in a shell that ends at the first error. */
async function run(step: string, env: Record<string, string>, shell: readonly string[] = ['sh', '-e']) {
  const [program, ...flags] = shell as [string, ...string[]];
  const environment = {
    PATH: `${folder}:${process.env['PATH']}`,
    HOME: folder,
    KLPREG_URL: url,
    KLPREG_TOKEN: token,
    ...env,
  };
  return new Promise<{ exit: number; out: string; err: string }>((resolve) => {
    execFile(program, [...flags, '-c', step], { cwd: folder, env: environment }, (error, out, err) =>
      resolve({ exit: error === null ? 0 : (error.code as unknown as number), out, err }),
    );
  });
}

const github = (parse(block('GitHub Actions', 'yaml')) as { jobs: { gate: { steps: { run: string }[] } } })
  .jobs.gate.steps[0]!.run;
const gitlab = (parse(block('GitLab CI', 'yaml')) as { gate: { script: string[] } }).gate.script.join('\n');
const jenkins = /sh '''\n([^]*?)'''/.exec(block('Jenkins', 'groovy'))![1]!;
const [question, assertion] = parse(block('Ansible', 'yaml')) as [
  { 'ansible.builtin.command': { argv: string[] } },
  { 'ansible.builtin.assert': { that: string; fail_msg: string } },
];
/** The module `command` has no shell: each argument is one word. */
const ansible = question['ansible.builtin.command'].argv
  .map((word) => word.replace('{{ target }}', '$TARGET').replace('{{ hosts_selector }}', '$HOSTS'))
  .map((word) => `"${word}"`)
  .join(' ');

const STEPS: [name: string, step: string, shell: string[]][] = [
  ['GitHub Actions', github, ['bash', '--noprofile', '--norc', '-e']],
  ['GitLab CI', gitlab, ['bash', '-eo', 'pipefail']],
  ['Jenkins', jenkins, ['sh', '-xe']],
  ['Ansible', ansible, ['sh', '-e']],
];
const CASES: [what: string, env: Record<string, string>, exit: number][] = [
  ['yes', { TARGET: 'original', HOSTS: 'role=web' }, 0],
  ['no', { TARGET: 'lp-10', HOSTS: 'role=db' }, 1],
  ['an empty selector', { TARGET: 'original', HOSTS: '' }, 2],
  ['a selector that is a command', { TARGET: 'original', HOSTS: '$(touch owned); touch owned' }, 2],
  ['no host', { TARGET: 'original', HOSTS: 'role=none' }, 3],
  ['no registry', { TARGET: 'original', HOSTS: 'role=web', KLPREG_URL: 'http://127.0.0.1:1' }, 4],
  ['a wrong token', { TARGET: 'original', HOSTS: 'role=web', KLPREG_TOKEN: 'another' }, 5],
];

/** Each shell is tried with an answer, a bad selector and an error; the first one with every case. */
const casesOf = (step: string) =>
  step === github
    ? CASES
    : CASES.filter(([what]) => /^(yes|no|no registry|a selector that is a command)$/.test(what));

describe.each(STEPS)('the step for %s', (_name, step, shell) => {
  test.each(casesOf(step))('%s', async (_what, env, exit) => {
    expect((await run(step, env, shell)).exit).toBe(exit);
    expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout).not.toContain('owned');
  });
});

test('the reports of the steps are those of their tools', async () => {
  const no = CASES[1]![1];
  expect((await run(github, no)).out).toMatch(/^::error title=/);
  await run(gitlab, no);
  expect(readFileSync(path.join(folder, 'klpreg.xml'), 'utf8')).toMatch(/<testsuites [^]*<failure/);
});

test('Ansible goes on after exit code 0 only, and says the decision', async () => {
  const { that, fail_msg: message } = assertion['ansible.builtin.assert'];
  expect([that, message]).toEqual(['gate.rc == 0', '{{ gate.stderr_lines | last }}']);
  const { err } = await run(ansible, CASES[1]![1]);
  expect(err.trim().split('\n').at(-1)).toMatch(/^NO: 1 of 1 host cannot be downgraded safely/);
});

test.each([0, 1])('in the first week the decision is shown, and errors stop the step (%i)', async (nth) => {
  const step = block('The first week', 'sh', nth);
  for (const [what, env, exit] of CASES) {
    const done = await run(step, env);
    expect([what, done.exit]).toEqual([what, exit === 1 || exit === 3 ? 0 : exit]);
  }
  if (nth === 1) {
    await run(step, CASES[1]![1]);
    const kept = JSON.parse(readFileSync(path.join(folder, 'klpreg.json'), 'utf8')) as object;
    expect(kept).toMatchObject({ answer: 'no', exitCode: 1 });
  }
});

describe('the panel', () => {
  const { targets } = JSON.parse(block('A Grafana panel', 'json')) as {
    targets: [
      {
        url: string;
        url_options: { method: string; body_graphql_query: string };
        root_selector: string;
        columns: { selector: string; type: string }[];
      },
    ];
  };
  const [{ url: address, url_options: options, root_selector: root, columns }] = targets;
  const at = () => url + new URL(address).pathname;
  /** The headers of the data source, which Go completes. */
  const headers = () => ({
    accept: 'application/json;q=0.9,text/plain',
    authorization: `Bearer ${token}`,
    'user-agent': 'Grafana/11.1.0',
    'accept-encoding': 'gzip',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  const expectRows = async (response: Response) => {
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    let rows = (await response.json()) as unknown;
    for (const key of root.split('.')) rows = (rows as Record<string, unknown>)[key];
    expect(rows).not.toEqual([]);
    for (const row of rows as Record<string, unknown>[])
      for (const { selector, type } of columns)
        expect([selector, typeof row[selector]]).toEqual([selector, type]);
  };

  test('is answered in rows, as the data source asks: by POST', async () => {
    const body = JSON.stringify({ query: options.body_graphql_query });
    const json = { ...headers(), 'content-type': 'application/json' };
    await expectRows(await fetch(at(), { method: options.method, headers: json, body }));
  });

  test('has the same rows with parameters in its address', async () => {
    const body = JSON.stringify({ query: options.body_graphql_query });
    const json = { ...headers(), 'content-type': 'application/json' };
    await expectRows(await fetch(`${at()}?orgId=1&query=x`, { method: 'POST', headers: json, body }));
  });

  test('is refused by GET, with the method that works', async () => {
    const query = new URLSearchParams({ query: options.body_graphql_query });
    const response = await fetch(`${at()}?${query.toString()}`, { headers: headers() });
    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([
      405,
      'POST',
      expect.stringContaining('POST'),
    ]);
  });
});

describe('the alerts', () => {
  const rules = block('Prometheus alerts', 'yaml');
  const names = [...new Set([...rules.matchAll(/klpreg_\w+/g)].map(([name]) => name))];

  test('name metrics that the server has', async () => {
    const { body } = await registry.send<string>('GET', '/metrics');
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(body).toContain(`# TYPE ${name} `);
  });

  test('are rules of Prometheus', () => {
    const file = path.join(folder, 'rules.yaml');
    writeFileSync(file, rules);
    const { status, error, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], {
      encoding: 'utf8',
    });
    // promtool is not part of the project
    if (error !== undefined) return;
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('4 rules found')]);
  });

  test('the numbers for the textfile collector are metrics', async () => {
    const step = block('Prometheus alerts', 'sh');
    const { exit, err } = await run(step, {});
    // jq is not part of the project either
    if (err.includes('jq: not found')) return;
    expect(exit).toBe(0);
    const text = readFileSync(path.join(folder, 'klpreg.prom'), 'utf8');
    expect(text).toMatch(/^klpreg_fleet_verdicts\{kind="safe"\} \d+$/m);
  });
});
