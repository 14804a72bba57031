// From an HTTP request to a service and back: each operation of the contract becomes one function. Authenticates,
// validates, calls, renders; what goes wrong becomes a problem document.
import { app } from '@azure/functions';
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { z } from 'zod';
import type { Operation } from '../api/operations.ts';
import { system } from '../compose.ts';
import type { Machine } from '../domain/machine.ts';
import type { Stored } from '../ports/document-store.ts';
import type { PeopleRole, Person } from '../ports/people-authenticator.ts';
import { authenticateMachine } from '../services/machine-callers.ts';
import type { System } from '../services/system.ts';
import { inInvocation, nameProblem, nameSubject } from '../telemetry/invocations.ts';
import type { Subject } from '../telemetry/invocations.ts';
import { recordCall } from '../telemetry/measures.ts';
import { authenticatePerson, bearerTokenOf } from './authentication.ts';
import { asProblem, problemResponse } from './problem-response.ts';
import { readBody, validated } from './request.ts';

/** What a handler is given: who calls, as the operation asks for, and the validated parts of the request. */
export type Call<O extends Operation> = {
  readonly system: System;
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly body: z.output<O['body']>;
} & CallerOf<O['caller']>;

type CallerOf<C extends Operation['caller']> = C extends PeopleRole
  ? { readonly person: Person }
  : C extends 'machine'
    ? { readonly machine: Stored<Machine> }
    : C extends 'joiner'
      ? { readonly bearerToken: string }
      : object;

/** Registers the function that serves an operation. `render` may choose another status than the operation's. */
export function serve<O extends Operation>(
  operation: O,
  handle: (call: Call<O>) => Promise<z.input<O['answer']>>,
  render: (answer: z.input<O['answer']>) => HttpResponseInit = (answer) => json(operation.status, answer),
): void {
  app.http(operation.id, {
    methods: [operation.method],
    authLevel: 'anonymous',
    route: operation.path,
    handler: (request: HttpRequest, context: InvocationContext) =>
      inInvocation(operation.id, context, [], () =>
        observed(operation, context, async (running) =>
          render(await handle(await callOf(operation, running, request))),
        ),
      ),
  });
}

/** Answers the call, a problem included, and has it timed by its outcome. */
async function observed(
  { id }: Operation,
  context: InvocationContext,
  answer: (running: System) => Promise<HttpResponseInit>,
): Promise<HttpResponseInit> {
  const running = system();
  const startedAt = performance.now();
  let outcome = 'ok';
  try {
    return await answer(running);
  } catch (error) {
    const problem = asProblem(error);
    outcome = problem.code;
    nameProblem(problem);
    return problemResponse(problem, running.clock.now(), context);
  } finally {
    recordCall(id, outcome, performance.now() - startedAt);
  }
}

async function callOf<O extends Operation>(
  operation: O,
  running: System,
  request: HttpRequest,
): Promise<Call<O>> {
  const params = validated(operation.params, request.params, 'path');
  nameSubject(params as Subject);
  const caller = await callerOf(operation, running, request, params);
  const query = validated(operation.query, Object.fromEntries(request.query), 'query');
  const body = await readBody(operation.body, request);
  return { system: running, params, query, body, ...caller } as Call<O>;
}

async function callerOf(
  operation: Operation,
  running: System,
  request: HttpRequest,
  params: unknown,
): Promise<object> {
  const { caller } = operation;
  switch (caller) {
    case 'anyone':
      return {};
    case 'joiner':
      return { bearerToken: bearerTokenOf(request) };
    case 'machine': {
      const { groupId, machineId = null } = params as { groupId: string; machineId?: string };
      const machine = await authenticateMachine(running, bearerTokenOf(request), groupId, machineId);
      nameSubject({ machineId: machine.document.id });
      return { machine };
    }
    case 'Reader':
    case 'Operator':
    case 'Admin':
      return { person: await authenticatePerson(running, bearerTokenOf(request), caller) };
  }
}

/** A JSON answer; 204 has none. */
export function json(status: number, body: unknown): HttpResponseInit {
  const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
  return body === undefined || status === 204 ? { status, headers } : { status, headers, jsonBody: body };
}
