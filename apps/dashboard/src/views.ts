import lazy from 'preact-iso/lazy';
import { SHELL } from './texts/shell.js';

/**
 * The views of the page, in the order of the navigation. Each is loaded when it is first opened. The
 * navigation has those for which the person may use one of the root fields that they need.
 */
export const VIEWS = [
  {
    path: '/',
    needs: ['Query.fleet'] as readonly string[],
    name: SHELL.views.overview,
    view: lazy(() => import('./overview/view.js')),
  },
  {
    path: '/back',
    needs: ['Query.canDowngrade'] as readonly string[],
    name: SHELL.views.back,
    view: lazy(() => import('./back/view.js')),
  },
  {
    path: '/rollout',
    needs: ['Query.canDeploy'] as readonly string[],
    name: SHELL.views.rollout,
    view: lazy(() => import('./rollout/view.js')),
  },
  {
    path: '/matrix',
    needs: ['Query.patches'] as readonly string[],
    name: SHELL.views.matrix,
    view: lazy(() => import('./matrix/view.js')),
  },
  {
    path: '/states',
    needs: ['Query.states'] as readonly string[],
    name: SHELL.views.states,
    view: lazy(() => import('./states/view.js')),
  },
  {
    path: '/hosts',
    needs: ['Query.hosts'] as readonly string[],
    name: SHELL.views.hosts,
    view: lazy(() => import('./hosts/view.js')),
  },
  {
    path: '/hosts/:id',
    needs: [] as readonly string[],
    name: null,
    view: lazy(() => import('./host/view.js')),
  },
  {
    path: '/catalog',
    needs: ['Query.releases'] as readonly string[],
    name: SHELL.views.catalog,
    view: lazy(() => import('./catalog/view.js')),
  },
  {
    path: '/catalog/:buildId',
    needs: [] as readonly string[],
    name: null,
    view: lazy(() => import('./patch/view.js')),
  },
  {
    path: '/decisions',
    needs: ['Query.decisions'] as readonly string[],
    name: SHELL.views.decisions,
    view: lazy(() => import('./decisions/view.js')),
  },
  {
    path: '/signed-in',
    needs: [] as readonly string[],
    name: null,
    view: lazy(() => import('./session/signed-in.js')),
  },
  {
    path: '/decisions/:id',
    needs: [] as readonly string[],
    name: null,
    view: lazy(() => import('./decisions/one.js')),
  },
  {
    path: '/admin',
    needs: ['Query.tokens', 'Query.enrolmentTokens'] as readonly string[],
    name: SHELL.views.admin,
    view: lazy(() => import('./admin/view.js')),
  },
] as const;

/** Links to other paths leave the page. */
export const VIEW_PATHS =
  /^\/(?:$|\?|(?:back|rollout|matrix|states|hosts|catalog|decisions|admin|signed-in)\b)/;
