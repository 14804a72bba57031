// Names in Bicep: which are used without being declared, and which are declared without being used. A compiler finds both;
// there is none where these tests run.
import type Parser from 'tree-sitter';
import type { BicepFile } from './bicep.ts';

type Node = Parser.SyntaxNode;

const DECLARATIONS = /^(parameter|variable|resource|module)_declaration$/;
/** Those in use: a name that is none of them is more likely mistyped than new. */
const FUNCTIONS = new Set(
  (
    'empty environment guid loadJsonContent split string subscription subscriptionResourceId tenant ' +
    'toLower trim union uniqueString'
  ).split(' '),
);

/** Names that nothing declares, and functions that Bicep may not have. */
export function unknownNames({ root }: BicepFile): string[] {
  const declared = new Set(declaredNames(root));
  return usesIn(root).flatMap((node) => {
    const isKnown = isCalled(node) ? FUNCTIONS.has(node.text) : declared.has(node.text) || isLoopName(node);
    return isKnown ? [] : [node.text];
  });
}

/** Parameters and variables that nothing reads. */
export function unusedNames({ root }: BicepFile): string[] {
  const used = new Set(usesIn(root).map(({ text }) => text));
  return root.namedChildren
    .filter(({ type }) => type === 'parameter_declaration' || type === 'variable_declaration')
    .map((node) => node.namedChild(0)?.text ?? '')
    .filter((name) => !used.has(name));
}

/** What is read of modules: `[module, output]`. */
export function outputsRead({ root }: BicepFile): [module: string, output: string][] {
  return [...root.text.matchAll(/\b(\w+)!?\.outputs\.(\w+)/g)].map(([, module = '', output = '']) => [
    module,
    output,
  ]);
}

function declaredNames(root: Node): string[] {
  return root.namedChildren
    .filter(({ type }) => DECLARATIONS.test(type))
    .map((node) => node.namedChild(0)?.text ?? '');
}

/** Identifiers that stand for a value or a function: not the names of declarations, keys, types and loop variables. */
function usesIn(node: Node): Node[] {
  if (node.type === 'decorators' || node.type === 'type') return [];
  if (node.type === 'identifier') return [node];
  const children = namesItself(node) ? node.namedChildren.slice(1) : node.namedChildren;
  return children.flatMap(usesIn);
}

function namesItself(node: Node): boolean {
  return (
    DECLARATIONS.test(node.type) ||
    node.type === 'output_declaration' ||
    (node.type === 'object_property' && node.namedChild(0)?.type === 'identifier') ||
    node.type === 'for_statement'
  );
}

function isCalled(node: Node): boolean {
  return node.parent?.type === 'call_expression' && node.parent.firstNamedChild?.id === node.id;
}

function isLoopName(node: Node): boolean {
  for (let around = node.parent; around !== null; around = around.parent) {
    if (around.type !== 'for_statement') continue;
    const names = around.firstNamedChild?.text ?? '';
    if (names.split(/\W+/).includes(node.text)) return true;
  }
  return false;
}
