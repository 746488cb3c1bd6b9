export const MODULE_FILE = {
  tooLarge: (why: string) => `The module is too large: ${why}. Strip its debug data with "strip -g".`,
  unsupported: (why: string) => `This module cannot be read: ${why}.`,
  notAModule: 'The file is not a kernel module (.ko, or .ko with .gz, .xz or .zst).',
  damaged: (why: string) =>
    `The file cannot be read: ${why}. If it is damaged, copy it again from where it was built.`,
  notALivepatch: 'The file is a kernel module, but not a livepatch.',
  noBuildId: 'The module has no build-id, so no host could be told apart by it. Link it with "--build-id".',
  manifestTooLarge: 'The module declares too much for a question. Publish it, and ask by its build-id.',
} as const;
