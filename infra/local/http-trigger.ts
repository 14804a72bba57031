// Serves the functions with HTTP triggers. A HEAD request reaches only functions that list HEAD, as in
// Azure; every `authLevel` is taken as anonymous, since there are no function keys on one machine.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem } from '../../shared/api/problem.ts';
import type { RegisteredFunction } from './functions-core.ts';
import { describeError, type HostLog } from './host-log.ts';
import { type HttpGate, newHttpGate } from './http-gate.ts';
import {
  bodyBytes,
  ClientGone,
  readBody,
  requestUrl,
  toHttpData,
  toSetCookie,
  traceContextOf,
} from './http-message.ts';
import { failed, notFound, overloaded, refuse } from './http-refusal.ts';
import { newRouteTable, type RouteDefinition, type RouteTable } from './http-routes.ts';
import { type Invoker, triggerOf } from './invocation.ts';
import type { HttpData } from './rpc.ts';

/** Longer bodies are refused with 413 before any function sees them. */
export const BODY_BYTES_MAX = 1_048_576;

/** More requests than this with functions at one time would only slow each other down. */
const INVOCATIONS_MAX = 512;

export interface HttpListener {
  readonly url: string;
  /** Takes no new connection and no new request; requests under way are answered before it resolves. */
  stop(): Promise<void>;
  /** Cuts what is still open. */
  cut(): void;
}

export interface HttpListenerOptions {
  readonly functions: readonly RegisteredFunction[];
  readonly routePrefix: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly invoker: Invoker;
  readonly log: HostLog;
  /** How many requests may be with functions at one time; 512 when it is left out. */
  readonly invocationsMax?: number;
}

function routeOf(fn: RegisteredFunction): RouteDefinition<RegisteredFunction> {
  const { route, methods } = triggerOf(fn);
  return {
    template: typeof route === 'string' ? route.replace(/^\//, '') : fn.metadata.name,
    methods: Array.isArray(methods) ? methods.map(String) : ['GET', 'POST'],
    target: fn,
  };
}

function send(response: ServerResponse, data: HttpData | null | undefined): void {
  if (data === null || data === undefined) return void response.writeHead(204).end();
  const status = Number(data.statusCode ?? 200);
  const cookies = (data.cookies ?? []).map(toSetCookie);
  for (const [name, value] of Object.entries(data.headers ?? {})) response.setHeader(name, value);
  if (cookies.length > 0) response.appendHeader('set-cookie', cookies);
  const body = bodyBytes(data.body);
  if (status !== 204 && status !== 304) response.setHeader('content-length', body.length);
  response.writeHead(status).end(body);
}

/** Answers one request; a function that throws is a plain 500, and its error is only logged. */
async function answer(
  { invoker, log }: HttpListenerOptions,
  routes: RouteTable<RegisteredFunction>,
  gate: HttpGate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = requestUrl(request);
  const match = routes.match(request.method ?? '', url.pathname);
  if (match === null) throw notFound();
  const body = await readBody(request, BODY_BYTES_MAX);
  // Not before the body is there: who sends it slowly, or never, keeps nobody out.
  const leave = gate.enter();
  try {
    const data = toHttpData(request, url, match.params, body);
    const { returnValue } = await invoker.invoke(match.target, { http: data }, traceContextOf(request));
    send(response, returnValue?.http);
    const message = `${request.method ?? ''} ${url.pathname} ${response.statusCode}`;
    log({ level: 'debug', source: 'host', message });
  } catch (error) {
    const { name } = match.target.metadata;
    log({ level: 'error', source: name, message: `the function failed: ${describeError(error)}` });
    if (response.headersSent) response.destroy();
    else refuse(response, failed(error));
  } finally {
    leave();
  }
}

function newServer(): Server {
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 60_000 });
  server.maxRequestsPerSocket = 0;
  return server;
}

async function listen(server: Server, { host, port }: HttpListenerOptions['address']): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.removeAllListeners('error');
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}

/** @throws what listening throws, such as EADDRINUSE. */
export async function startHttpListener(options: HttpListenerOptions): Promise<HttpListener> {
  const { log } = options;
  const routes = newRouteTable(options.routePrefix, options.functions.map(routeOf));
  const gate = newHttpGate(options.invocationsMax ?? INVOCATIONS_MAX);
  const underWay = new Set<Promise<unknown>>();
  const server = newServer();
  let stopping = false;

  server.on('request', (request, response) => {
    if (stopping) {
      response.shouldKeepAlive = false;
      return refuse(response, overloaded('The service stops; try again when it has started.'));
    }
    const work = answer(options, routes, gate, request, response).catch((error: unknown) => {
      if (error instanceof ClientGone || response.destroyed) return;
      if (error instanceof Problem) return refuse(response, error);
      log({ level: 'error', source: 'host', message: describeError(error) });
      refuse(response, failed(error));
    });
    const flushed = new Promise((resolve) => response.once('close', resolve));
    const all = Promise.all([work, flushed]).finally(() => underWay.delete(all));
    underWay.add(all);
  });
  const url = await listen(server, options.address);
  server.on('error', (error) => log({ level: 'error', source: 'host', message: describeError(error) }));

  return {
    url,
    async stop() {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      while (underWay.size > 0) await Promise.allSettled(underWay);
      // Every response is flushed; the connections that are left wait for requests, or never sent one.
      server.closeAllConnections();
      await closed;
    },
    cut: () => server.closeAllConnections(),
  };
}
