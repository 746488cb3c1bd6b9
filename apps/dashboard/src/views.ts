import lazy from 'preact-iso/lazy';
import { SHELL } from './texts/shell.js';

/** The views of the page, in the order of the navigation. Each is loaded when it is first opened. */
export const VIEWS = [
  { path: '/', name: SHELL.views.overview, view: lazy(() => import('./overview/view.js')) },
  { path: '/back', name: SHELL.views.back, view: lazy(() => import('./back/view.js')) },
  { path: '/rollout', name: SHELL.views.rollout, view: lazy(() => import('./rollout/view.js')) },
  { path: '/matrix', name: SHELL.views.matrix, view: lazy(() => import('./matrix/view.js')) },
  { path: '/states', name: SHELL.views.states, view: lazy(() => import('./states/view.js')) },
  { path: '/hosts', name: SHELL.views.hosts, view: lazy(() => import('./hosts/view.js')) },
  { path: '/hosts/:id', name: null, view: lazy(() => import('./host/view.js')) },
  { path: '/catalog', name: SHELL.views.catalog, view: lazy(() => import('./catalog/view.js')) },
  { path: '/catalog/:buildId', name: null, view: lazy(() => import('./patch/view.js')) },
  { path: '/decisions', name: SHELL.views.decisions, view: lazy(() => import('./decisions/view.js')) },
  { path: '/admin', name: SHELL.views.admin, view: lazy(() => import('./admin/view.js')) },
] as const;

/** Links to other paths leave the page. */
export const VIEW_PATHS =
  /^\/(?:$|\?|(?:back|rollout|matrix|states|hosts|catalog|decisions|admin|signed-in)\b)/;
