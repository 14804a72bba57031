// Which function answers a path and a method, as the Functions host decides it: literal segments win over
// parameters from left to right, letters of literals count alike in both cases, and a route whose method
// does not fit is passed over, so that a wrong method on a known path is simply not found.
import { Problem } from '../../shared/api/problem.ts';

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string; readonly optional: boolean }
  | { readonly kind: 'rest'; readonly name: string };

interface Route<T> {
  readonly segments: readonly Segment[];
  readonly methods: ReadonlySet<string>;
  readonly target: T;
}

export interface RouteMatch<T> {
  readonly target: T;
  /** Decoded; an encoded slash stays encoded, as it does in Azure. */
  readonly params: Readonly<Record<string, string>>;
}

export interface RouteTable<T> {
  /** @throws Problem `InvalidRequest` for malformed percent-encoding. */
  match(method: string, path: string): RouteMatch<T> | null;
}

export interface RouteDefinition<T> {
  /** Without the prefix and without a leading slash, such as `groups/{groupId}`. */
  readonly template: string;
  readonly methods: readonly string[];
  readonly target: T;
}

function parseSegment(text: string, template: string): Segment {
  const [, star, name, optional] = /^\{(\*?)([A-Za-z_]\w*)(\??)\}$/.exec(text) ?? [];
  if (name !== undefined) {
    return star === '*' ? { kind: 'rest', name } : { kind: 'parameter', name, optional: optional === '?' };
  }
  if (/[{}*?]/.test(text)) {
    throw new Error(
      `route "${template}": "${text}" is not understood by this host; use {name}, {name?} or {*name}`,
    );
  }
  return { kind: 'literal', text: text.toLowerCase() };
}

const RANK = { literal: 0, parameter: 1, rest: 2 } as const;

function comparePrecedence(a: readonly Segment[], b: readonly Segment[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (RANK[left.kind] !== RANK[right.kind]) return RANK[left.kind] - RANK[right.kind];
  }
  return 0;
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll(/%2f/gi, '%252F'));
  } catch (cause) {
    throw new Problem('InvalidRequest', 'The percent-encoding of the path is malformed.', { cause });
  }
}

function matchSegments(segments: readonly Segment[], path: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const text = path[index];
    if (segment.kind === 'rest') {
      params[segment.name] = path.slice(index).join('/');
      return params;
    }
    if (text === undefined) {
      if (segment.kind === 'parameter' && segment.optional) continue;
      return null;
    }
    if (segment.kind === 'parameter') params[segment.name] = text;
    else if (segment.text !== text.toLowerCase()) return null;
  }
  return path.length <= segments.length ? params : null;
}

/** Routes below `prefix` (such as `api`; may be empty). */
export function newRouteTable<T>(prefix: string, definitions: readonly RouteDefinition<T>[]): RouteTable<T> {
  const routes: Route<T>[] = definitions.map(({ template, methods, target }) => ({
    segments: [prefix, ...template.split('/')]
      .filter((text) => text !== '')
      .map((text) => parseSegment(text, template)),
    methods: new Set(methods.map((method) => method.toUpperCase())),
    target,
  }));
  routes.sort((a, b) => comparePrecedence(a.segments, b.segments));

  return {
    match(method, path) {
      const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeSegment);
      if (segments.includes('')) return null;
      for (const route of routes) {
        const params = route.methods.has(method) ? matchSegments(route.segments, segments) : null;
        if (params !== null) return { target: route.target, params };
      }
      return null;
    },
  };
}
