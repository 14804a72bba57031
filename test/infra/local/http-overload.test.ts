import { expect, test } from 'vitest';
import type { RegisteredFunction } from '../../../infra/local/functions-core.ts';
import { startHttpListener } from '../../../infra/local/http-trigger.ts';

const PLACES = 3;

const slow: RegisteredFunction = {
  metadata: {
    name: 'slow',
    bindings: { request: { type: 'httpTrigger', direction: 'in', name: 'request', methods: ['POST'] } },
  },
  callback: () => undefined,
};

/** A listener whose invocations stay under way until they are told how to end. */
async function startBusy() {
  const ends: PromiseWithResolvers<never>[] = [];
  let onStarted: (() => void) | undefined;
  const listener = await startHttpListener({
    functions: [slow],
    routePrefix: 'api',
    address: { host: '127.0.0.1', port: 0 },
    invoker: {
      async invoke() {
        const end = Promise.withResolvers<never>();
        ends.push(end);
        onStarted?.();
        return end.promise;
      },
      idle: async () => undefined,
      onFinished: () => undefined,
    },
    log: () => undefined,
    invocationsMax: PLACES,
  });
  const call = () => fetch(`${listener.url}/api/slow`, { method: 'POST', body: '{}' });
  /** Calls and resolves when the function has started, with the answer to come. */
  const startOne = async (): Promise<{ readonly answer: Promise<Response> }> => {
    const started = new Promise<void>((resolve) => (onStarted = resolve));
    const answer = call();
    await started;
    return { answer };
  };
  return { listener, ends, call, startOne };
}

test('beyond as many requests as it answers at one time, it starts no function and says when to come back', async () => {
  const { listener, ends, call, startOne } = await startBusy();
  const answers: Promise<Response>[] = [];
  while (answers.length < PLACES) answers.push((await startOne()).answer);

  const refused = await call();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ code: 'Overloaded', status: 503 });
  expect(ends).toHaveLength(PLACES);

  // A place is free again, however the request ended; one, not more.
  ends[0]?.reject(new Error('failed'));
  expect((await answers[0])?.status).toBe(500);
  answers.push((await startOne()).answer);
  expect((await call()).status).toBe(503);

  for (const end of ends) end.reject(new Error('over'));
  await Promise.all(answers);
  await listener.stop();
});

test('what reaches no function takes no place', async () => {
  const { listener, ends, startOne } = await startBusy();
  for (let calls = 0; calls < 2 * PLACES; calls++) {
    expect((await fetch(`${listener.url}/api/unknown`)).status).toBe(404);
  }
  const { answer } = await startOne();
  ends[0]?.reject(new Error('over'));
  await answer;
  await listener.stop();
});
