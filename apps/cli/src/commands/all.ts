import { Command } from 'commander';
import type { Act } from './act.js';
import { audit } from './audit.js';
import { canIDeploy } from './can-i-deploy.js';
import { canIDowngrade } from './can-i-downgrade.js';
import { certificate } from './certificate.js';
import { completion } from './completion.js';
import { decision } from './decision.js';
import { drift } from './drift.js';
import { enrolment } from './enrolment.js';
import { explain } from './explain.js';
import { host } from './host.js';
import { hosts } from './hosts.js';
import { logout } from './login.js';
import { login } from './login.js';
import { nagios } from './nagios.js';
import { ownerKey } from './owner-key.js';
import { owner } from './owner.js';
import { patchInspect } from './patch-inspect.js';
import { patchLint } from './patch-lint.js';
import { patchList } from './patch-list.js';
import { patchPublish } from './patch-publish.js';
import { patchRecall } from './patch-recall.js';
import { patchShow } from './patch-show.js';
import { patchStatement } from './patch-statement.js';
import { patchTransfer } from './patch-transfer.js';
import { plan } from './plan.js';
import { policy } from './policy.js';
import { schema } from './schema.js';
import { states } from './states.js';
import { token } from './token.js';
import { version } from './version.js';
import { waiver } from './waiver.js';

/** Returns all commands, in the order of the help. @param program returns the whole command line */
export function allCommands(act: Act, program: () => Command): Command[] {
  const patch = new Command('patch')
    .description('Inspects, lints, publishes, recalls, transfers and lists livepatch modules.')
    .summary('inspect, lint, publish, recall, transfer and list livepatch modules');
  for (const command of [
    patchInspect(act),
    patchLint(act),
    patchStatement(act),
    patchPublish(act),
    patchRecall(act),
    patchTransfer(act),
    patchList(act),
    patchShow(act),
  ])
    patch.addCommand(command);
  return [
    canIDowngrade(act),
    canIDeploy(act),
    plan(act),
    drift(act),
    nagios(act),
    explain(act),
    hosts(act),
    host(act),
    states(act),
    patch,
    owner(act),
    ownerKey(act),
    decision(act),
    waiver(act),
    certificate(act),
    policy(act),
    audit(act),
    token(act),
    enrolment(act),
    login(act),
    logout(act),
    schema(act),
    version(act),
    completion(act, program),
  ];
}
