/** Texts of the sign-in. */
export const SIGN_IN = {
  title: 'Sign in',
  intro: 'Sign in to see the hosts and to make changes that your role allows.',
  account: 'Sign in with your account',
  or: 'Or use a token of the registry:',
  insecure: 'Accounts need an address with https. Use a token of the registry here.',
  issuerFailed: (issuer: string, why: string) => `${issuer} cannot be used: ${why}`,
  refused: (why: string) => `The sign-in failed: ${why}. Sign in again.`,
  mayNothing: 'This token may not ask questions about hosts. Use one of the role reader, gate or admin.',
  says: (message: string) => `The registry says: ${message}.`,
  token: 'Token',
  submit: 'Sign in',
  where:
    'The first start of the registry writes an admin token to the ' +
    'file admin-token. An admin creates others with ' +
    '"klpreg token create". The token stays in this tab, and is forgotten when you close it.',
} as const;
