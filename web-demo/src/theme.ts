/** Light or dark: as the system has it, until somebody says otherwise. */

import { byId } from './dom.js';

const KEY = 'grantflow-demo theme';

export function startTheme(): void {
  const button = byId<HTMLButtonElement>('theme');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (localStorage.getItem(KEY) ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const show = () => {
    document.documentElement.dataset['theme'] = isDark() ? 'dark' : 'light';
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    localStorage.setItem(KEY, isDark() ? 'light' : 'dark');
    show();
  });
  dark.addEventListener('change', show);
  show();
}
