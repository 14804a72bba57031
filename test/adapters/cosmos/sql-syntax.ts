// The part of Cosmos DB's SQL that the store speaks: text to a tree.

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'parameter'; readonly name: string }
  /** `c` itself, or one of its fields. */
  | { readonly kind: 'field'; readonly name: string | null }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | {
      readonly kind: 'operation';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    };

export interface SelectItem {
  readonly alias: string;
  readonly expression: Expression;
}

export interface SortField {
  readonly name: string;
  readonly descending: boolean;
}

export interface Statement {
  /** Null for `*`. */
  readonly items: readonly SelectItem[] | null;
  readonly where: Expression;
  readonly groupBy: string | null;
  readonly orderBy: readonly SortField[];
}

const TOKEN = /\s*(?:(@?[A-Za-z_][\w]*)|("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|(!=|<=|>=|[=<>(),.*]))/y;
const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** @throws SyntaxError, as Cosmos DB would answer 400. */
export function parseStatement(text: string): Statement {
  return new Parser(text).statement();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  statement(): Statement {
    this.#expect('SELECT');
    const items = this.#takes('*') ? null : this.#list(() => this.#selectItem());
    this.#expect('FROM');
    this.#expect('c');
    this.#expect('WHERE');
    const where = this.#disjunction();
    const groupBy = this.#clause('GROUP') ? this.#fieldName() : null;
    const orderBy = this.#clause('ORDER') ? this.#list(() => this.#sortField()) : [];
    if (this.#next() !== undefined) throw this.#unexpected();
    return { items, where, groupBy, orderBy };
  }

  #clause(word: string): boolean {
    if (!this.#takes(word)) return false;
    this.#expect('BY');
    return true;
  }

  #selectItem(): SelectItem {
    const expression = this.#disjunction();
    if (this.#takes('AS')) return { expression, alias: this.#take() };
    if (expression.kind !== 'field' || expression.name === null) throw this.#unexpected();
    return { expression, alias: expression.name };
  }

  #sortField(): SortField {
    const name = this.#fieldName();
    const descending = this.#takes('DESC');
    if (!descending) this.#takes('ASC');
    return { name, descending };
  }

  #fieldName(): string {
    const expression = this.#primary();
    if (expression.kind !== 'field' || expression.name === null) throw this.#unexpected();
    return expression.name;
  }

  #disjunction(): Expression {
    return this.#chain(['OR'], () => this.#chain(['AND'], () => this.#comparison()));
  }

  #chain(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    for (;;) {
      const operator = operators.find((each) => this.#takes(each));
      if (operator === undefined) return left;
      left = { kind: 'operation', operator, left, right: operand() };
    }
  }

  #comparison(): Expression {
    const left = this.#primary();
    const operator = this.#next() ?? '';
    if (!COMPARISONS.has(operator)) return left;
    this.#position += 1;
    return { kind: 'operation', operator, left, right: this.#primary() };
  }

  #primary(): Expression {
    const text = this.#take();
    if (text === '(') {
      const inner = this.#disjunction();
      this.#expect(')');
      return inner;
    }
    if (text.startsWith('"') || /^\d/.test(text))
      return { kind: 'literal', value: JSON.parse(text) as string };
    if (text.startsWith('@')) return { kind: 'parameter', name: text };
    if (text === 'true') return { kind: 'literal', value: true };
    if (text === 'c') return { kind: 'field', name: this.#takes('.') ? this.#take() : null };
    if (this.#takes('('))
      return { kind: 'call', name: text, args: this.#until(')', () => this.#disjunction()) };
    throw this.#unexpected();
  }

  #until<T>(end: string, item: () => T): T[] {
    const items = this.#list(item);
    this.#expect(end);
    return items;
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#takes(',')) items.push(item());
    return items;
  }

  #next(): string | undefined {
    return this.#tokens[this.#position];
  }

  #take(): string {
    const token = this.#next();
    if (token === undefined) throw this.#unexpected();
    this.#position += 1;
    return token;
  }

  #takes(text: string): boolean {
    if (this.#next() !== text) return false;
    this.#position += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected();
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`unexpected ${this.#next() ?? 'end'} in: ${this.#text}`);
  }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.trimEnd().length) {
    const found = pattern.exec(text);
    if (found === null) throw new SyntaxError(`cannot be read: ${text}`);
    tokens.push(found[0].trimStart());
  }
  return tokens;
}
