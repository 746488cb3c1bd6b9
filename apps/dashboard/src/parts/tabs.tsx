import { addressOf, useParameters } from '../address/parameters.js';

/** Parts of a view of which one is shown: `tab` of the address. The first is shown by default. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { readonly name: string; readonly title: string }[];
}) {
  const { path, values } = useParameters();
  const chosen = values.tab ?? tabs[0]?.name;
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ name, title }) => (
        <a
          key={name}
          href={addressOf(path, { tab: name === tabs[0]?.name ? undefined : name })}
          aria-current={name === chosen ? 'page' : undefined}
        >
          {title}
        </a>
      ))}
    </nav>
  );
}
