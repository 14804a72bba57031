// What the functions ask of their host: importing this registers them all, as a host would have them do.
import { functionRegistry } from '../../../infra/local/functions-core.ts';

await import('../../../functions/index.ts');

export type Binding = Readonly<Record<string, unknown>>;

export const bindings: readonly Binding[] = [...functionRegistry.functions.values()].flatMap(({ metadata }) =>
  Object.values<object>(metadata.bindings).map((binding) => ({ ...binding })),
);

/** The settings that bindings name in place of a value. */
export function settingsNamedIn(binding: Binding): string[] {
  return Object.values(binding).flatMap((value) =>
    typeof value === 'string' ? [...value.matchAll(/%(\w+)%/g)].map(([, name = '']) => name) : [],
  );
}

/** What the property is in all bindings that have it. */
export function valuesOf(property: string): string[] {
  return [
    ...new Set(bindings.map((binding) => binding[property]).filter((value) => typeof value === 'string')),
  ];
}
