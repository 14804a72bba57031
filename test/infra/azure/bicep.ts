// Bicep as the tests see it: declarations and their values, read from the syntax tree of tree-sitter. It compiles nothing; what
// only a compiler knows — types, functions, Azure's own schemas — it does not tell.
import { createRequire } from 'node:module';
import type Parser from 'tree-sitter';

const require = createRequire(import.meta.url);
const TreeSitter = require('tree-sitter') as typeof Parser;
const parser = new TreeSitter();
parser.setLanguage(require('tree-sitter-bicep') as Parser.Language);

type Node = Parser.SyntaxNode;

/** What is worked out when it is deployed, as it is written. */
export class Expression {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Value = string | number | boolean | null | Expression | readonly Value[] | BicepObject;
export interface BicepObject {
  readonly [key: string]: Value;
}

export interface Parameter {
  readonly name: string;
  /** Undefined: whoever uses the file has to say. */
  readonly fallback: Value | undefined;
  readonly allowed: readonly Value[] | null;
}

export interface Resource {
  readonly name: string;
  readonly type: string;
  readonly apiVersion: string;
  readonly isExisting: boolean;
  readonly body: BicepObject;
  /** The comment right above, without its slashes; null when there is none. */
  readonly comment: string | null;
}

export interface Module {
  readonly name: string;
  readonly path: string;
  readonly parameters: BicepObject;
}

export interface BicepFile {
  readonly parameters: readonly Parameter[];
  readonly variables: BicepObject;
  readonly resources: readonly Resource[];
  readonly modules: readonly Module[];
  readonly outputs: readonly string[];
  /** What the grammar cannot read, with its line. */
  readonly faults: readonly string[];
  readonly root: Node;
}

/** The grammar is older than this statement, which says of a whole file whose resource types it may use besides Azure's. */
const EXTENSION = /^extension [A-Za-z0-9]+$/gm;

export function parseBicep(text: string): BicepFile {
  const root = parser.parse(text.replace(EXTENSION, '')).rootNode;
  return {
    parameters: root.descendantsOfType('parameter_declaration').map(parameterOf),
    variables: Object.fromEntries(root.descendantsOfType('variable_declaration').map(propertyOf)),
    resources: root.descendantsOfType('resource_declaration').map(resourceOf),
    modules: root.descendantsOfType('module_declaration').map(moduleOf),
    outputs: root.descendantsOfType('output_declaration').map((node) => node.namedChild(0)?.text ?? ''),
    faults: faultsOf(root),
    root,
  };
}

function faultsOf(node: Node): string[] {
  const line = `line ${node.startPosition.row + 1}`;
  if (node.isMissing) return [`${line}: ${node.type} is missing`];
  const inside = node.children.flatMap(faultsOf);
  return node.type === 'ERROR' ? [`${line}: ${node.text.slice(0, 40)}`, ...inside] : inside;
}

function parameterOf(node: Node): Parameter {
  const [name, , fallback] = node.namedChildren;
  return {
    name: name?.text ?? '',
    fallback: fallback && valueOf(fallback),
    allowed: allowedOf(node.previousNamedSibling),
  };
}

function allowedOf(above: Node | null): readonly Value[] | null {
  if (above?.type !== 'decorators') return null;
  const call = above.descendantsOfType('call_expression').find((each) => each.firstChild?.text === 'allowed');
  const values = call && valueOf(call.descendantsOfType('array')[0] ?? call);
  return Array.isArray(values) ? values : null;
}

function resourceOf(node: Node): Resource {
  const [type = '', apiVersion = ''] = textOf(declaredText(node)).split('@');
  return {
    name: node.namedChild(0)?.text ?? '',
    type,
    apiVersion,
    isExisting: node.children.some((child) => child.text === 'existing'),
    body: bodyOf(node),
    comment: commentAbove(node),
  };
}

function moduleOf(node: Node): Module {
  const { params } = bodyOf(node);
  return {
    name: node.namedChild(0)?.text ?? '',
    path: textOf(declaredText(node)),
    parameters: isObject(params) ? params : {},
  };
}

function declaredText(node: Node): Node {
  const text = node.namedChildren.find(({ type }) => type === 'string');
  if (text === undefined) throw new Error(`${node.text.slice(0, 60)} names no type or file`);
  return text;
}

/** The object that is declared, whether it is alone, on a condition or one of many. */
function bodyOf(node: Node): BicepObject {
  const last = node.namedChildren.at(-1);
  if (last?.type === 'if_statement' || last?.type === 'for_statement') return bodyOf(last);
  const value = last && valueOf(last);
  return isObject(value) ? value : {};
}

function commentAbove(node: Node): string | null {
  const lines: string[] = [];
  let above = node.previousNamedSibling;
  let row = node.startPosition.row;
  while (above?.type === 'comment' && above.startPosition.row === row - 1) {
    lines.unshift(above.text.replace(/^\/\/ ?/, ''));
    row = above.startPosition.row;
    above = above.previousNamedSibling;
  }
  return lines.length === 0 ? null : lines.join(' ');
}

export function valueOf(node: Node): Value {
  switch (node.type) {
    case 'string':
      return node.namedChildren.some(({ type }) => type === 'interpolation')
        ? new Expression(node.text)
        : textOf(node);
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.text === 'true';
    case 'null':
      return null;
    case 'array':
      return node.namedChildren.filter(({ type }) => type !== 'comment').map(valueOf);
    case 'object':
      return Object.fromEntries(
        node.namedChildren.filter(({ type }) => type === 'object_property').map(propertyOf),
      );
    default:
      return new Expression(node.text);
  }
}

function propertyOf(node: Node): [string, Value] {
  const [key, value] = [node.namedChildren.at(0), node.namedChildren.at(-1)];
  if (key === undefined || value === undefined) throw new Error(`${node.text} has no key or value`);
  return [key.type === 'string' ? textOf(key) : key.text, valueOf(value)];
}

function textOf(node: Node): string {
  return node.text.replaceAll(/^'(?:'')?|(?:'')?'$/g, '').replaceAll(String.raw`\'`, "'");
}

export function isObject(value: Value | undefined): value is BicepObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Expression)
  );
}

/** What is at the end of a path of keys; undefined when nothing is. */
export function at(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  return path.reduce<Value | undefined>((found, key) => (isObject(found) ? found[key] : undefined), value);
}

/** The text that is written out at the end of a path of keys. */
export function textAt(value: Value | undefined, ...path: readonly string[]): string {
  const text = at(value, ...path);
  if (typeof text !== 'string') throw new Error(`no text at ${path.join('.')}, but ${JSON.stringify(text)}`);
  return text;
}
