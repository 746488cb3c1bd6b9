import {
  after,
  afterTransition,
  DEFAULT_QUESTION,
  disabling,
  enabling,
  judge,
  predict,
  resolveManifest,
  resolveSituation,
} from '@klpreg/compat';

const FRESH = { level: 'FRESH', ageSeconds: 10, superseded: false };
const QUESTION = DEFAULT_QUESTION;
const NOTHING = {
  disabled: [],
  replaced: [],
  stays: [],
  load: null,
  removed: [],
  reversed: null,
  steps: [],
  next: [],
};

/** The operation as the rule engine takes it. */
function operationOf({ verb, target, words }, manifest) {
  switch (verb) {
    case 'load':
      return { action: 'LOAD', patch: resolveManifest(manifest) };
    case 'disable':
      return disabling(target);
    case 'enable':
      return enabling(target);
    case 'write':
      return { action: 'WRITE', patch: target, attribute: words[0], value: words[1] };
    case 'rmmod':
      return { action: 'REMOVE_MODULE', patch: target };
    default:
      throw new Error(`${verb} is no operation`);
  }
}

/**
 * The verdict that a person would get who asks before doing this; null where no question of that kind exists.
 */
function verdictOn(operation, step, host, manifest, catalog) {
  if (step.verb === 'load')
    return judge(host, { kind: 'PATCH', patch: manifest }, catalog, FRESH, {
      ...QUESTION,
      routes: ['REPLACE', 'STACK'],
    });
  const alone =
    host.list.length === 1 &&
    host.list[0].name === step.target &&
    host.list[0].enabled &&
    !host.list[0].transition;
  return step.verb === 'disable' && alone
    ? judge(host, { kind: 'ORIGINAL' }, catalog, FRESH, { ...QUESTION, routes: ['DISABLE'] })
    : null;
}

const shown = ({ code, errno, detail, stateId, function: name, other }) =>
  [code, errno, stateId?.toString(), name, other, detail]
    .filter((word) => word !== undefined && word !== null)
    .join(' ');

const listed = (patches) => patches.map(({ name, enabled, transition }) => ({ name, enabled, transition }));

/** The list once the kernel has accepted: settled, or with the transition that a blocked task keeps open. */
function listAfter(operation, host, stalls) {
  const now = listed(host.list);
  if (operation.action === 'REMOVE_MODULE') return now;
  if (operation.action === 'LOAD') {
    const load = operation.patch;
    if (stalls) return [...now, { name: load.name, enabled: true, transition: true }];
    if (load.replace === null) return null;
    const plan = {
      ...NOTHING,
      route: load.replace ? 'REPLACE' : 'STACK',
      load,
      replaced: load.replace ? host.list : [],
      stays: load.replace ? [] : host.list,
    };
    return listed(after(host, plan).list);
  }
  const patch = host.list.find(({ name }) => name === operation.patch);
  if (operation.attribute === 'force')
    return patch.transition && !stalls ? listed(afterTransition(host).list) : now;
  if (operation.attribute !== 'enabled') return now;
  if (stalls)
    return now.map((each) =>
      each.name === operation.patch ? { ...each, enabled: !each.enabled, transition: true } : each,
    );
  const stays = host.list.filter((each) => each !== patch);
  // Of an open transition: turned round, it ends where it began.
  if (patch.transition)
    return listed(patch.enabled ? stays : host.list).map((each) => ({
      ...each,
      enabled: true,
      transition: false,
    }));
  return listed(after(host, { ...NOTHING, route: 'DISABLE', disabled: [patch], stays }).list);
}

/**
 * Says what the kernel will answer to one operation, before it is done.
 *
 * @param step what will be done; `stalls` if a blocked task keeps the transition open
 * @param manifest of the module that is loaded; else null
 */
export function foresee(step, situation, manifest, catalog) {
  const host = resolveSituation(situation, catalog);
  const operation = operationOf(step, manifest);
  const { answer, likely, reasons, doubt } = predict(host, operation, catalog);
  const verdict = verdictOn(operation, step, host, manifest, catalog);
  return {
    answer,
    likely,
    codes: reasons.map(({ code }) => code),
    reasons: reasons.map(shown),
    doubt,
    verdict:
      verdict === null
        ? null
        : {
            kind: verdict.kind,
            route: verdict.route,
            errno: verdict.errno,
            codes: verdict.reasons.map(({ code }) => code),
          },
    listBefore: listed(host.list),
    listAfter: likely === 'OK' ? listAfter(operation, host, step.stalls) : listed(host.list),
  };
}
