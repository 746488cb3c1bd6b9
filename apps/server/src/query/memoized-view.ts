/**
 * Memoizes a view by its source. Verdicts, reasons and rows never change, and many questions show the same
 * ones.
 */
export function memoizedView<Thing extends object, View>(
  make: (thing: Thing) => View,
): (thing: Thing) => View {
  const views = new WeakMap<Thing, View>();
  return (thing) => {
    const known = views.get(thing);
    if (known !== undefined) return known;
    const view = make(thing);
    views.set(thing, view);
    return view;
  };
}
