import { describe, expect, it } from 'vitest';
import {
  Problem,
  PROBLEM_CODES,
  problemDocument,
  PROBLEMS,
  problemSchema,
} from '../../shared/api/problem.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';

describe('each problem', () => {
  it.each(PROBLEM_CODES)('%s has a status of its kind and a title', (code) => {
    const [status, title] = PROBLEMS[code];
    expect([400, 401, 403, 404, 409, 410, 413, 415, 422, 500, 503]).toContain(status);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(code).toMatch(/^[A-Z][A-Za-z]+$/);
  });

  it.each(PROBLEM_CODES)('%s becomes a document of the contract', (code) => {
    const document = problemDocument(new Problem(code, 'What to do next.'));
    expect(problemSchema.parse(document)).toEqual({
      type: `urn:keyturn:problem:${code}`,
      title: PROBLEMS[code][1],
      status: PROBLEMS[code][0],
      code,
      detail: 'What to do next.',
    });
  });

  it('has a title of its own', () => {
    const titles = PROBLEM_CODES.map((code) => PROBLEMS[code][1]);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

it.each<[ProblemCode, number]>([
  // A wrong clock is not a wrong password: 401 would have agents throw their identity away.
  ['AuthTokenNotYetValid', 400],
  ['AuthTokenExpired', 400],
  ['Unauthenticated', 401],
  ['MachineRemoved', 403],
  ['GroupDeleted', 410],
  ['GroupPasswordStale', 409],
  ['PolicyOutOfRange', 422],
  ['InternalError', 500],
  ['Overloaded', 503],
])('%s is %d', (code, status) => {
  expect(new Problem(code, '').status).toBe(status);
});

describe('a problem’s document', () => {
  it('never holds its cause', () => {
    const problem = new Problem('InternalError', 'It failed.', {
      cause: new Error('secret'),
      retryAfterSeconds: 5,
    });
    expect(JSON.stringify(problemDocument(problem))).not.toContain('secret');
    expect(problem.retryAfterSeconds).toBe(5);
  });

  it('points at what was wrong, with its bounds, and tells the time where that matters', () => {
    const errors = [{ pointer: '/body/name', detail: 'must not be empty', minimum: 1, maximum: 100 }];
    const document = problemDocument(
      new Problem('InvalidRequest', 'Wrong.', { errors }),
      '2026-11-22T00:00:00Z',
    );
    expect(problemSchema.parse(document)).toMatchObject({ errors, serverTime: '2026-11-22T00:00:00Z' });
  });

  it('is refused by the contract with a code that it does not know', () => {
    const document = { ...problemDocument(new Problem('NotFound', '')), code: 'Gone' };
    expect(problemSchema.safeParse(document).success).toBe(false);
  });
});
