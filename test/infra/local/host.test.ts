import { app } from '@azure/functions';
import { subscribe } from 'node:diagnostics_channel';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { functionRegistry } from '../../../infra/local/functions-core.ts';
import { newWorld } from './embedded-host.ts';

afterEach(() => {
  functionRegistry.functions.clear();
  for (const hooks of Object.values(functionRegistry.hooks)) hooks.length = 0;
});

const cosmos = { connection: 'COSMOS', databaseName: 'keyturn', containerName: 'fleet' };
const nothing = (): void => undefined;
const world = newWorld();

test('a process without a registered function does not start', async () => {
  await expect(world.start(nothing)).rejects.toThrow('no function is registered');
});

test('a trigger that is not known is refused by its function and type', async () => {
  app.eventGrid('deliver', { handler: nothing });
  await expect(world.start(nothing)).rejects.toThrow(/"deliver".*eventGridTrigger/);
});

test('an output that is not known is refused by its function and type', async () => {
  app.timer('scan', {
    schedule: '* * * * * *',
    return: { type: 'queue', name: 'out' },
    handler: nothing,
  });
  await expect(world.start(nothing)).rejects.toThrow(/"scan".*queue/);
});

test('a route with a constraint is refused', async () => {
  app.http('one', { route: 'groups/{id:int}', handler: () => ({}) });
  await expect(world.start(nothing)).rejects.toThrow('{id:int}');
});

test('two functions of one name are refused', () => {
  app.http('same', { handler: () => ({}) });
  expect(() => app.http('same', { handler: () => ({}) })).toThrow('"same"');
});

test('two feeds of one lease prefix are refused, for they would share a checkpoint', async () => {
  app.cosmosDB('one', { ...cosmos, leaseContainerPrefix: 'p', handler: nothing });
  app.cosmosDB('two', { ...cosmos, leaseContainerPrefix: 'p', handler: nothing });
  await expect(world.start(nothing)).rejects.toThrow('"p"');
});

test('a port in use is told by its code', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  app.http('one', { handler: () => ({}) });
  const starting = world.start(nothing, { address: { host: '127.0.0.1', port } });
  await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  other.close();
});

test('hooks run in the order of the real host and may change input, callback, result and error', async () => {
  const seen: string[] = [];
  app.hook.appStart(() => void seen.push('appStart'));
  app.hook.appTerminate(() => void seen.push('appTerminate'));
  app.hook.preInvocation((context) => {
    seen.push(`before ${context.invocationContext.functionName}`);
    context.hookData['word'] = 'hooked';
    const { functionHandler } = context;
    context.functionHandler = async (request, invocation) => {
      seen.push('around');
      return functionHandler(request, invocation);
    };
  });
  app.hook.postInvocation((context) => {
    seen.push(`after ${String(context.hookData['word'])}`);
    if (context.error !== null) {
      context.error = null;
      context.result = { status: 418 };
    }
  });
  app.http('one', {
    handler: () => {
      seen.push('function');
      throw new Error('recovered by the hook');
    },
  });
  const host = await world.start(nothing);
  expect(host.functionNames).toEqual(['one']);
  expect((await fetch(`${host.url}/api/one`)).status).toBe(418);
  await host.stop();
  expect(seen).toEqual(['appStart', 'before one', 'around', 'function', 'after hooked', 'appTerminate']);
});

test('what a function logs reaches the log under its name, and log hooks may silence it', async () => {
  app.http('one', {
    handler: (_, context) => {
      context.warn('a %s warning', 'formatted');
      context.debug('hush');
      return {};
    },
  });
  app.hook.log((context) => {
    if (context.message === 'hush') context.level = 'none';
  });
  const host = await world.start(nothing);
  await fetch(`${host.url}/api/one`);
  await host.stop();
  const own = world.entries.filter(({ source }) => source === 'one');
  expect(own).toEqual([{ level: 'warning', source: 'one', message: 'a formatted warning' }]);
});

test('stopping answers the requests under way and takes no others', async () => {
  let enter: () => void = nothing;
  const entered = new Promise<void>((resolve) => (enter = resolve));
  app.http('slow', {
    handler: async () => {
      enter();
      await wait(100);
      return { body: 'done' };
    },
  });
  const host = await world.start(nothing);
  const answer = fetch(`${host.url}/api/slow`);
  await entered;
  const stopped = host.stop();
  await expect(fetch(`${host.url}/api/slow`)).rejects.toThrow('fetch failed');
  expect(await (await answer).text()).toBe('done');
  await stopped;
  await host.stop();
});

test('a request that reaches it on an open connection while it stops is told when to come back', async () => {
  const entered = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  let started = 0;
  app.http('slow', {
    handler: async () => {
      started++;
      entered.resolve();
      await leave.promise;
      return {};
    },
  });
  const host = await world.start(nothing);
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1').setEncoding('utf8');
  let received = '';
  socket.on('data', (text: string) => (received += text));
  const request = 'GET /api/slow HTTP/1.1\r\nhost: localhost\r\n\r\n';
  socket.write(request);
  await entered.promise;
  const stopped = host.stop();
  const arrived = new Promise<void>((resolve) => subscribe('http.server.request.start', () => resolve()));
  socket.write(request);
  await arrived;
  leave.resolve();
  await new Promise((resolve) => socket.once('close', resolve));
  await stopped;
  expect(received.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
  expect(received).toMatch(/^retry-after: 5\r$/im);
  expect(received).toContain('"code":"Overloaded"');
  expect(started).toBe(1);
});

test('stopping does not wait for connections that are only kept open', async () => {
  app.http('one', { handler: () => ({}) });
  const host = await world.start(nothing);
  await fetch(`${host.url}/api/one`);
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await host.stop();
  await closed;
  expect(socket.destroyed).toBe(true);
});
