// The parts of a request, read and validated by their schemas.
import type { HttpRequest } from '@azure/functions';
import { z } from 'zod';
import { Problem } from '../api/problem.ts';

/** The largest body, bytes. */
export const BODY_BYTES_MAX = 65_536;

/** Issues named in one answer: the rest would only make the answer longer than the request. */
const ISSUES_MAX = 20;

/** @throws Problem `InvalidRequest` with a pointer to each thing that is wrong, the first twenty of them. */
export function validated<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: 'path' | 'query' | 'body',
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues
    .slice(0, ISSUES_MAX)
    .flatMap((issue) => described(issue, part))
    .slice(0, ISSUES_MAX);
  const detail = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ');
  throw new Problem('InvalidRequest', `The ${part} is not as the contract says: ${detail}`, { errors });
}

/** An issue with a JSON Pointer (RFC 6901) to what it is about: each unknown key is a thing of its own. */
function described(issue: z.core.$ZodIssue, part: string): { pointer: string; detail: string }[] {
  const path = `/${part}${issue.path.map((step) => `/${escaped(String(step))}`).join('')}`;
  if (issue.code !== 'unrecognized_keys') return [{ pointer: path, detail: issue.message.slice(0, 200) }];
  return issue.keys
    .slice(0, ISSUES_MAX)
    .map((key) => ({ pointer: `${path}/${escaped(key.slice(0, 100))}`, detail: 'unknown field' }));
}

function escaped(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The body by its schema; undefined for an operation that takes none.
 * @throws Problem `BodyTooLarge`, `UnsupportedMediaType`, `MalformedJson`, `InvalidRequest`.
 */
export async function readBody<S extends z.ZodType>(schema: S, request: HttpRequest): Promise<z.output<S>> {
  if (schema instanceof z.ZodUndefined) return undefined as z.output<S>;
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > BODY_BYTES_MAX) throw tooLarge();
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('UnsupportedMediaType', 'Send the body as application/json.');
  }
  return validated(schema, parseJson(bytes), 'body');
}

function parseJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the body, which may hold a secret: it is left out.
    throw new Problem('MalformedJson', 'The body must be JSON in UTF-8.');
  }
}

function tooLarge(): Problem {
  return new Problem('BodyTooLarge', `The body must be at most ${BODY_BYTES_MAX} bytes.`);
}
