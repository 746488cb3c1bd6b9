import { Command, Option } from 'commander';
import { type CertificateFile, readCertificate } from '../certificate/file.js';
import { objection, publicKeyFrom, readPublicKeys, signatureObjection } from '../certificate/verify.js';
import { EXIT, type ExitCode, Failure } from '../exits.js';
import { CERTIFICATE_HOLDS, CERTIFICATE_KEYS } from '../registry/generated/operations.js';
import type { Registry } from '../registry/client.js';
import { certificateText, checkText } from '../show/certificate.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import type { Act } from './act.js';
import { helpText } from './help.js';

/** `certificate`: signed records of answers. */
export function certificate(act: Act): Command {
  const parent = new Command('certificate')
    .summary('show, verify and check certificates')
    .description(
      'Shows and verifies certificates: signed records of an answer and a decision. ' +
        'can-i-downgrade and can-i-deploy write them with --certificate.',
    );
  return parent.addCommand(showOne(act)).addCommand(verify(act)).addCommand(check(act)).addCommand(key(act));
}

const showOne = (act: Act): Command =>
  new Command('show')
    .summary('show what a certificate says')
    .description('Shows what a certificate says, without verifying it. Asks no registry.')
    .argument('<file>')
    .action(
      act(async ({ args, settings, environment }) => {
        const file = readCertificate(args[0] as string);
        show(
          { schemaVersion: 1, verified: false, ...contentOf(file) },
          (width) => `NOT VERIFIED: klpreg certificate verify does\n${certificateText(file.content, width)}`,
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const verify = (act: Act): Command =>
  new Command('verify')
    .summary('verify the signature and the expiry of a certificate')
    .description(
      'Verifies that the registry signed a certificate, that nothing in ' +
        'it was changed, and that it has not expired. ' +
        'The exit code of a valid one is that of its decision, also if it was overridden by break-glass.',
    )
    .argument('<file>')
    .option('--key <file>', 'the public key of the registry (PEM); no registry is asked (default: ask it)')
    .addOption(anyDecision('exit with 0 for each valid certificate, whatever it decided'))
    .addHelpText('after', helpText('certificate-verify'))
    .action(
      act<{ key?: string; anyDecision?: true }>(async ({ args, flags, settings, environment, registry }) => {
        const file = readCertificate(args[0] as string);
        const keys = flags.key === undefined ? await keysOf(registry) : readPublicKeys(flags.key);
        const why = objection(file, keys, environment.now());
        const exit = why === null ? exitOf(file.content.decision, flags.anyDecision) : EXIT.NO;
        show(
          { schemaVersion: 1, valid: why === null, why, exitCode: exit, ...contentOf(file) },
          (width) =>
            why === null
              ? `VALID: signed with the key ${clean(file.keyId)}\n${certificateText(file.content, width)}`
              : clean(`NOT VALID: ${why}`),
          settings.output,
          environment.stdout,
        );
        return exit;
      }),
    );

const check = (act: Act): Command =>
  new Command('check')
    .summary('ask the registry whether a certificate still holds')
    .description(
      'Asks the question of a certificate again, and shows what changed ' +
        'since. The exit code of one that still holds ' +
        'is that of its decision. It is 1 if it does not hold, has expired or ' +
        'is not valid, and 3 if the registry cannot tell now.',
    )
    .argument('<file>')
    .addOption(anyDecision('exit with 0 for each certificate that still holds, whatever it decided'))
    .addHelpText('after', helpText('certificate-check'))
    .action(
      act<{ anyDecision?: true }>(async ({ args, flags, settings, environment, registry }) => {
        const file = readCertificate(args[0] as string);
        const why = signatureObjection(file, await keysOf(registry));
        if (why !== null)
          throw new Failure(EXIT.NO, `NOT VALID: ${why}`, [
            'only the registry that signed a certificate can ask its question again',
          ]);
        const { signed, signature } = file;
        const { certificateHolds: answer } = await registry.ask(CERTIFICATE_HOLDS, {
          certificate: { content: signed, signature },
        });
        const { holds, expired, decisionNow } = answer;
        const exit = expired
          ? EXIT.NO
          : holds
            ? exitOf(decisionNow, flags.anyDecision)
            : decisionNow === 'CANNOT_TELL'
              ? EXIT.CANNOT_TELL
              : EXIT.NO;
        show(
          { schemaVersion: 1, exitCode: exit, ...answer },
          (width) => checkText(answer, width),
          settings.output,
          environment.stdout,
        );
        return exit;
      }),
    );

const key = (act: Act): Command =>
  new Command('key')
    .summary('print the public key of the registry')
    .description('Prints the key that verifies certificates. Keep it: verify --key then needs no registry.')
    .action(
      act(async ({ settings, environment, registry }) => {
        const { certificateKeys } = await registry.ask(CERTIFICATE_KEYS, {});
        const keys = certificateKeys.map(({ publicKey }) => publicKey).join('');
        // also in a pipe, because the file of --key is what is wanted
        if (settings.outputGiven)
          show(
            { schemaVersion: 1, certificateKeys },
            () => keys.trimEnd(),
            settings.output,
            environment.stdout,
          );
        else environment.stdout.write(keys);
        return EXIT.YES;
      }),
    );

const anyDecision = (text: string): Option => new Option('--any-decision', text);

/** The exit code of a decision. A word that this version does not know is no yes. */
function exitOf(decision: string, anyDecision: true | undefined): ExitCode {
  if (anyDecision === true || decision === 'YES') return EXIT.YES;
  return decision === 'NO' ? EXIT.NO : EXIT.CANNOT_TELL;
}

const keysOf = async (registry: Registry) =>
  (await registry.ask(CERTIFICATE_KEYS, {})).certificateKeys.map(({ publicKey }) =>
    publicKeyFrom(publicKey, 'the key of the registry'),
  );

const contentOf = ({ signed, keyId }: CertificateFile) => ({
  keyId,
  certificate: JSON.parse(signed) as unknown,
});
