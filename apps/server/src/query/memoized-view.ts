/**
 * Memoizes a view by its source. Verdicts, reasons and rows never change, and many questions show the same
 * ones. For one source, the other arguments must always mean the same.
 */
export function memoizedView<Thing extends object, Rest extends unknown[], View>(
  make: (thing: Thing, ...rest: Rest) => View,
): (thing: Thing, ...rest: Rest) => View {
  const views = new WeakMap<Thing, View>();
  return (thing, ...rest) => {
    const known = views.get(thing);
    if (known !== undefined) return known;
    const view = make(thing, ...rest);
    views.set(thing, view);
    return view;
  };
}
