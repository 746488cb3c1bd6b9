const KEY = 'klpreg.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export type Theme = 'light' | 'dark';

/** Returns the choice of the person, else that of the system. */
export function currentTheme(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : dark.matches ? 'dark' : 'light';
}

/**
 * Shows the page in the theme, and in that of the system when it changes.
 *
 * @param shown gets the theme each time, for parts of a page that have themes of their own
 */
export function followTheme(shown: (theme: Theme) => void = () => {}): void {
  const show = () => {
    document.documentElement.dataset.theme = currentTheme();
    shown(currentTheme());
  };
  dark.addEventListener('change', show);
  show();
}

/** Stores the choice of the person. */
export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  document.documentElement.dataset.theme = theme;
}
