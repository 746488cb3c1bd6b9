/** What PostgreSQL needs of the environment. Settings of the caller, which may be secrets, are left out. */
const NAMES = ['PATH', 'HOME', 'LANG', 'LD_LIBRARY_PATH', 'TMPDIR', 'TZ'];

/** Returns the environment of PostgreSQL's programs. */
export const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => NAMES.includes(name))),
  LC_ALL: 'C.UTF-8',
});
