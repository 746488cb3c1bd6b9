export const SIGN_IN = {
  title: 'Sign in',
  intro: 'This registry answers only to people and programs with a token.',
  token: 'Token',
  submit: 'Sign in',
  where:
    'The first start of the registry writes an admin token. An admin creates others with "klpreg token create". ' +
    'The token stays in this tab, and is forgotten when you close it.',
} as const;
