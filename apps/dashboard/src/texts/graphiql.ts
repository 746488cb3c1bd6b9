export const TEXTS = {
  back: '← Dashboard',
  examples: 'Examples',
  token: 'Token',
  noToken: 'none',
  useToken: 'Use',
  introduction: `# Ctrl-Enter runs the document, Ctrl-Space completes it.
# More examples are in the list above.
#
# If I roll the web tier back to lp-10,
# which hosts will the kernel refuse, and why?`,
} as const;
