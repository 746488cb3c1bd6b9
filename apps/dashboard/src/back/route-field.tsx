import { useParameters } from '../address/parameters.js';
import { BACK } from '../texts/back.js';

const ROUTES = ['REVERSE', 'REPLACE', 'STACK', 'DISABLE', 'DISABLE_THEN_LOAD', 'BRIDGE', 'REBOOT'] as const;
type Route = (typeof ROUTES)[number];

/** The arguments of a question for `route` of an address: a route, or `best` for any. */
export function routeOf(route: string | undefined): { route?: Route; bestRoute?: true } {
  if (route === 'best') return { bestRoute: true };
  const known = ROUTES.find((each) => each === route);
  return known === undefined ? {} : { route: known };
}

/** The only route to consider: `route` of the address. */
export function RouteField() {
  const { values, change } = useParameters();
  return (
    <label class="field">
      {BACK.route}
      <select
        value={values.route ?? ''}
        onChange={({ currentTarget }) => change({ route: currentTarget.value })}
      >
        {(['', 'best', ...ROUTES] as const).map((route) => (
          <option key={route} value={route}>
            {BACK.routes[route]}
          </option>
        ))}
      </select>
    </label>
  );
}
