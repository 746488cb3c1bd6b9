import { type Command, Option } from 'commander';
import { AS_OF_OPTION, collect, HOST_OPTIONS, OWNER_OPTION, QUESTION_OPTIONS, withValues } from './flags.js';

/** Adds the options of the gate before a downgrade. */
export function withGateOptions(command: Command): Command {
  command.requiredOption(
    '--to <target>',
    'a release or module name, original, previous, release:NAME, name:NAME, build-id:HEX, FILE.ko, ' +
      'FILE.json',
  );
  for (const option of [...HOST_OPTIONS(), ...QUESTION_OPTIONS(), OWNER_OPTION()]) command.addOption(option);
  return command
    .addOption(
      new Option('--by <key>', 'group hosts also by this label, such as role (repeatable, at most 5)')
        .argParser(collect)
        .default([], 'list of patches, kernel and answer'),
    )
    .option(
      '--max-refused <n|n%>',
      'the number of refused hosts to tolerate, unless other reasons speak against them (default: 0)',
    )
    .option('--allow-empty', 'answer yes if no host matches')
    .option('--wait <time>', 'the time to keep asking while waiting may change the answer')
    .addOption(AS_OF_OPTION())
    .option(
      '--snapshot <id>',
      'the point in time of an earlier answer: the same question gets the same answer',
    )
    .addOption(
      withValues(new Option('--catalog <then|now>', 'the catalog that judges the past (default: then)'), [
        'then',
        'now',
      ]),
    );
}
