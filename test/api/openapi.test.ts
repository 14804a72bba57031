import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
// Before the functions: they register with what this provides.
import { functionRegistry } from '../../infra/local/functions-core.ts';
import { openApiDocument } from '../../shared/api/openapi.ts';
import { operations } from '../../shared/api/operations.ts';
import type { Operation } from '../../shared/api/operations.ts';

const schema = z.looseObject({ $ref: z.string().optional() });
const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(
      z.object({ in: z.enum(['path', 'query']), name: z.string(), required: z.boolean().optional(), schema }),
    )
    .default([]),
  requestBody: z
    .object({ required: z.literal(true), content: z.object({ 'application/json': z.object({ schema }) }) })
    .optional(),
  responses: z.record(
    z.string(),
    z.object({ content: z.record(z.string(), z.object({ schema })).optional() }),
  ),
});

const document = openApiDocument('1.2.3');
const paths = z.record(z.string(), z.record(z.string(), operationSchema)).parse(document['paths']);

/** Each operation of the document with its path and method. */
const described = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const all = Object.values<Operation>(operations);
const byId = new Map(described.map((each) => [each.operation.operationId, each]));

function describedAs(id: string) {
  const found = byId.get(id);
  if (found === undefined) throw new Error(`the document has no operation ${id}`);
  return found;
}

describe('the OpenAPI document', () => {
  it('is a valid one, of version 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('is of the version that it is made for', () => {
    expect(document['info']).toMatchObject({ title: 'Keyturn', version: '1.2.3' });
  });

  it('describes each operation once, under its name', () => {
    expect(described.map(({ operation }) => operation.operationId).toSorted()).toEqual(
      Object.keys(operations).toSorted(),
    );
    expect(byId.size).toBe(described.length);
    for (const [name, { id }] of Object.entries<Operation>(operations)) expect(id).toBe(name);
  });

  it('refers to nothing that it does not have', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, each]) => each ?? '',
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const target = reference
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
      expect(target, reference).toBeDefined();
    }
  });
});

describe('each operation', () => {
  it.each(all)('$id is where the contract has it', ({ id, method, path }) => {
    expect(describedAs(id)).toMatchObject({ path: `/${path}`, method: method.toLowerCase() });
  });

  it.each(all)('$id says who may call it', ({ id, caller }) => {
    const scheme = { anyone: null, machine: 'machine', joiner: 'machine' }[caller as string];
    const expected = scheme === null ? [] : [{ [scheme ?? 'person']: [] }];
    expect(describedAs(id).operation.security).toEqual(expected);
  });

  it.each(all)('$id declares the parameters of its path, and no others', ({ id, path }) => {
    const inPath = describedAs(id).operation.parameters.filter((each) => each.in === 'path');
    expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect(inPath.every(({ required }) => required === true)).toBe(true);
  });

  it.each(all)('$id takes a body only where it changes something', ({ id, method, body }) => {
    const hasBody = describedAs(id).operation.requestBody !== undefined;
    expect(hasBody).toBe(!(body instanceof z.ZodUndefined));
    expect(hasBody && ['GET', 'DELETE'].includes(method)).toBe(false);
  });

  it.each(all)('$id says what it answers, and that it may answer a problem', ({ id, status, answerType }) => {
    const { responses } = describedAs(id).operation;
    expect(Object.keys(responses)).toEqual([String(status), 'default']);
    const media = Object.keys(responses[String(status)]?.content ?? {});
    expect(media).toEqual(status === 204 ? [] : [answerType]);
    expect(responses['default']?.content?.['application/problem+json']?.schema.$ref).toBe(
      '#/components/schemas/Problem',
    );
  });

  it('has a way and a method of its own', () => {
    const ways = all.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
    expect(new Set(ways).size).toBe(ways.length);
  });
});

describe('the functions of the deployment', () => {
  const httpTrigger = z.object({
    type: z.literal('httpTrigger'),
    methods: z.array(z.string()),
    route: z.string(),
    authLevel: z.string(),
  });

  beforeAll(async () => {
    await import('../../functions/index.ts');
  });

  it('that serve HTTP are the operations of the contract, each where it says', () => {
    const served = [...functionRegistry.functions].flatMap(([name, { metadata }]) =>
      Object.values(metadata.bindings).flatMap((binding) => {
        const trigger = httpTrigger.safeParse(binding);
        return trigger.success ? [{ name, ...trigger.data }] : [];
      }),
    );
    const promised = all.map(({ id, method, path }) => ({
      name: id,
      type: 'httpTrigger',
      methods: [method],
      route: path,
      authLevel: 'anonymous',
    }));
    expect(new Map(served.map((each) => [each.name, each]))).toEqual(
      new Map(promised.map((each) => [each.name, each])),
    );
    expect(served).toHaveLength(promised.length);
  });

  it('that serve something else are the timers, the feeds and the queue', () => {
    const others = [...functionRegistry.functions.keys()].filter((name) => !byId.has(name));
    expect(others.toSorted()).toEqual([
      'event-notifications',
      'fleet-changes',
      'fleet-metrics',
      'fleet-retries',
      'renewal-scan',
    ]);
  });
});
