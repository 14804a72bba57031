// The OpenAPI 3.1 document, made from the operations.
import { createDocument } from 'zod-openapi';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { z } from 'zod';
import { operations } from './operations.ts';
import type { Operation } from './operations.ts';
import { problemSchema } from './problem.ts';

/** @param version Keyturn's own. */
export function openApiDocument(version: string): Record<string, unknown> {
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Keyturn',
      version,
      description:
        'Renews the certificate that a group of machines shares. Errors are RFC 9457 problems; decide on `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api' }],
    paths: paths(),
    components: {
      securitySchemes: {
        person: { type: 'http', scheme: 'bearer', description: 'A person’s token.' },
        machine: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A machine’s ES256 token.',
        },
      },
    },
  });
  return document as unknown as Record<string, unknown>;
}

function paths(): ZodOpenApiPathsObject {
  const result: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of Object.values<Operation>(operations)) {
    (result[`/${operation.path}`] ??= {})[operation.method.toLowerCase()] = describe(operation);
  }
  return result;
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { id, summary, params, query, body, status, answer, answerType, caller } = operation;
  const isMachine = caller === 'machine' || caller === 'joiner';
  return {
    operationId: id,
    summary,
    tags: [isMachine ? 'machines' : caller === 'anyone' ? 'service' : 'people'],
    security: caller === 'anyone' ? [] : [isMachine ? { machine: [] } : { person: [] }],
    requestParams: {
      ...(params instanceof z.ZodObject && { path: params }),
      ...(query instanceof z.ZodObject && { query }),
    },
    ...(!(body instanceof z.ZodUndefined) && {
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
    }),
    responses: {
      [String(status)]: {
        description: 'Done.',
        ...(status !== 204 && { content: { [answerType]: { schema: answer } } }),
      },
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    },
  };
}
