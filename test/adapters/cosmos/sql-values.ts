// What a statement's expressions are worth for a document, as Cosmos DB has it: a comparison of what is not there is neither
// true nor false, and of two kinds of value only `!=` holds.
import type { Expression, SortField } from './sql-syntax.ts';

export type Resource = Readonly<Record<string, unknown>>;

export type ParameterValues = ReadonlyMap<string, unknown>;

/** Of one document; of all that are grouped with it, where they are counted. */
export function valueOf(
  expression: Expression,
  documents: readonly Resource[],
  parameters: ParameterValues,
): unknown {
  const worth = (inner: Expression): unknown => valueOf(inner, documents, parameters);
  const [document = {}] = documents;
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'parameter':
      if (!parameters.has(expression.name)) throw new SyntaxError(`no parameter ${expression.name}`);
      return parameters.get(expression.name);
    case 'field':
      return expression.name === null ? document : document[expression.name];
    case 'call':
      return calledValue(expression.name, expression.args.map(worth), documents.length);
    case 'operation':
      return operationValue(expression.operator, worth(expression.left), worth(expression.right));
  }
}

function calledValue(name: string, [first]: readonly unknown[], count: number): unknown {
  switch (name) {
    case 'IS_STRING':
      return typeof first === 'string';
    case 'IS_NUMBER':
      return typeof first === 'number';
    case 'COUNT':
      return count;
    default:
      throw new SyntaxError(`no function ${name}`);
  }
}

function operationValue(operator: string, left: unknown, right: unknown): boolean | undefined {
  if (operator === 'AND') return both(left, right);
  if (operator === 'OR') return either(left, right);
  if (left === undefined || right === undefined) return undefined;
  if (kindOf(left) !== kindOf(right)) return operator === '!=' ? true : undefined;
  const difference = compareValues(left, right);
  switch (operator) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    default:
      throw new SyntaxError(`no operator ${operator}`);
  }
}

function both(left: unknown, right: unknown): boolean | undefined {
  if (left === false || right === false) return false;
  return left === true && right === true ? true : undefined;
}

function either(left: unknown, right: unknown): boolean | undefined {
  if (left === true || right === true) return true;
  return left === false && right === false ? false : undefined;
}

const KINDS = ['undefined', 'null', 'boolean', 'number', 'string', 'array', 'object'];

function kindOf(value: unknown): number {
  if (value === null) return KINDS.indexOf('null');
  return KINDS.indexOf(Array.isArray(value) ? 'array' : typeof value);
}

/** By kind, then by value; lists and objects are not told apart. */
export function compareValues(one: unknown, other: unknown): number {
  const byKind = kindOf(one) - kindOf(other);
  if (byKind !== 0) return byKind;
  if (one === other || typeof one === 'object' || one === undefined) return 0;
  return (one as string) < (other as string) ? -1 : 1;
}

export function compareKeys(
  one: readonly unknown[],
  other: readonly unknown[],
  fields: readonly SortField[],
): number {
  for (const [index, { descending }] of fields.entries()) {
    const difference = compareValues(one[index], other[index]);
    if (difference !== 0) return descending ? -difference : difference;
  }
  return 0;
}
