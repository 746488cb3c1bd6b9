/** Texts about a file that a person chooses as a target. */
export const MODULE_FILE = {
  tooLarge: (why: string) => `The module is too large: ${why}. Strip its debug data with "strip -g".`,
  unsupported: (why: string) => `This module cannot be read: ${why}.`,
  notAModule: 'The file is not a kernel module (.ko, or .ko with .gz, .xz or .zst).',
  damaged: (why: string) =>
    `The file cannot be read: ${why}. If it is damaged, copy it again from where it was built.`,
  notALivepatch: 'The file is a kernel module, but not a livepatch.',
  noBuildId: 'The module has no build-id, so no host could be told apart by it. Link it with "--build-id".',
  manifestTooLarge: 'The module declares too much for a question. Publish it, and ask by its build-id.',
  choose: 'A .ko or manifest that is not published',
  drop: 'or drop it here',
  reading: 'Reading the file…',
  private:
    'The file stays in this page: its facts go with each question, nothing is stored, ' +
    'and the address has only its build-id.',
  remove: 'Ask without the file',
  missing: (buildId: string) =>
    `This address is about a file with the build-id ${buildId}, which it does not contain. ` +
    'Choose the file again to see the answer.',
  published: 'The registry has this build, and answers about the published one only.',
  askPublished: 'Ask about the published build',
  noManifest: (name: string, why: string) =>
    `${name} is no manifest: ${why}. Write the manifest again, or choose the module itself.`,
  whatIf: 'The patch is not published. This is what its file declares, which counts as unsigned evidence.',
  noJson: 'it is no JSON',
  noBuildIdField: 'it has no buildId of 16 to 128 lower-case hexadecimal digits',
} as const;
