import { LocationProvider, Route, Router, useLocation } from 'preact-iso/router';
import { ErrorBoundary } from 'preact-iso/lazy';
import { useState } from 'preact/hooks';
import { Empty } from './parts/messages.js';
import { useMay, useSession, type Viewer } from './session/session.js';
import { WithSession } from './session/with-session.js';
import { chooseTheme, currentTheme } from './theme.js';
import { SHELL } from './texts/shell.js';
import { VIEW_PATHS, VIEWS } from './views.js';

const NotFound = () => (
  <Empty title={SHELL.notFound}>
    <a href="/">{SHELL.notFoundNext}</a>
  </Empty>
);

function Theme() {
  const [theme, setTheme] = useState(currentTheme());
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      class="plain"
      aria-label={SHELL.theme[other]}
      title={SHELL.theme[other]}
      onClick={() => {
        chooseTheme(other);
        setTheme(other);
      }}
    >
      <span aria-hidden="true">{theme === 'dark' ? '☀' : '☾'}</span>
    </button>
  );
}

function Navigation() {
  const { path } = useLocation();
  const may = useMay();
  const isCurrent = (own: string) =>
    own === '/' ? path === '/' : path === own || path.startsWith(`${own}/`);
  return (
    <nav>
      {VIEWS.filter(({ name, needs }) => name !== null && needs.some(may)).map((view) => (
        <a key={view.path} href={view.path} aria-current={isCurrent(view.path) ? 'page' : undefined}>
          {view.name}
        </a>
      ))}
    </nav>
  );
}

/** `env in (prod), role in (web, api)` */
const scopeText = (scope: NonNullable<Viewer['scope']>): string =>
  scope.map(({ key, values }) => `${key} in (${values.join(', ')})`).join(', ');

function Shell() {
  const { viewer, signIn } = useSession();
  return (
    <div class="shell">
      <a class="skip" href="#content">
        {SHELL.skip}
      </a>
      <header>
        <a class="brand" href="/">
          {SHELL.brand}
        </a>
        <Navigation />
        <div class="row">
          {viewer.role === null ? (
            <a href="/signed-in">{SHELL.signIn}</a>
          ) : (
            <>
              <span class="muted" title={SHELL.signedInAs(viewer.name, viewer.role)}>
                {viewer.role.toLowerCase()}
              </span>
              <button type="button" class="plain" onClick={() => signIn(null)}>
                {SHELL.signOut}
              </button>
            </>
          )}
          <Theme />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {viewer.scope !== null && <p class="note">{SHELL.scoped(scopeText(viewer.scope))}</p>}
        <ErrorBoundary>
          <Router>
            {VIEWS.map(({ path, view }) => (
              <Route key={path} path={path} component={view} />
            ))}
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </main>
    </div>
  );
}

/** The page: who uses it, and the view of its address. */
export const App = () => (
  <LocationProvider scope={VIEW_PATHS}>
    <WithSession>
      <Shell />
    </WithSession>
  </LocationProvider>
);
