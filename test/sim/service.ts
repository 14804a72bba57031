// The service of a simulated world: the real functions, run by a few instances that share store and vault, each with a clock
// of its own; and the network to them, which loses requests and answers.
import type { HttpRequest, HttpResponseInit, InvocationContext, Timer } from '@azure/functions';
import { useSystem } from '../../shared/compose.ts';
import { toInstant } from '../../shared/domain/instant.ts';
import type { DocumentStore } from '../../shared/ports/document-store.ts';
import type { PackageVault } from '../../shared/ports/package-vault.ts';
import type { WorkQueue } from '../../shared/ports/work-queue.ts';
import { CONSUMER_NAMES } from '../../shared/services/consumers.ts';
import { VERSION } from '../../shared/version.ts';
import { faultyQueue, faultyStore, faultyVault } from './faults.ts';
import type { Weather } from './faults.ts';
import { registrations } from './registrations.ts';
import { Process } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import type { SessionStore } from './session-store.ts';
import type { SimulatedQueue } from './work-queue.ts';

/** The bearer token of the simulation's people. */
export const PERSON_TOKEN = 'a-person';
export const SERVER = 'http://127.0.0.1:7071';
const INSTANCES = 2;
/** An agent gives up on an answer after this long. */
const TIMEOUT_MILLISECONDS = 30_000;

interface Instance {
  process: Process;
  store: DocumentStore;
  vault: PackageVault;
  queue: WorkQueue;
  skewMilliseconds: number;
}

export interface ServiceParts {
  readonly scheduler: Scheduler;
  readonly store: SessionStore;
  readonly vault: PackageVault;
  readonly queue: SimulatedQueue;
  readonly weather: Weather;
  readonly steadyCheckInSeconds: number;
  /** Told of what the service logs and of what it answers. */
  readonly onLog: (line: string) => void;
  readonly onAnswer: (answer: Answered) => void;
}

export interface Answered {
  readonly operation: string;
  readonly status: number;
  readonly text: string;
  /** 0 without one. */
  readonly retryAfterSeconds: number;
}

/** What may happen to a call of the service: an answer, the death of its instance, or nothing in time. */
type Outcome<T> = { readonly value: T } | 'died' | null;

export class Service {
  readonly instances: Instance[] = [];
  readonly #parts: ServiceParts;
  readonly #byProcess = new Map<Process, Instance>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    for (let number = 0; number < INSTANCES; number += 1) this.#start(number);
    const current = (): Instance => this.#current();
    useSystem({
      store: {
        read: (groupId, id) => current().store.read(groupId, id),
        write: (groupId, operations) => current().store.write(groupId, operations),
        query: (query) => current().store.query(query),
        countBy: (groupId, type, field) => current().store.countBy(groupId, type, field),
        close: () => Promise.resolve(),
      },
      vault: {
        put: (name, pkcs12, dates) => current().vault.put(name, pkcs12, dates),
        get: (name) => current().vault.get(name),
        delete: (name) => current().vault.delete(name),
        list: (groupId) => current().vault.list(groupId),
        probe: () => current().vault.probe(),
      },
      queue: {
        send: (message, afterSeconds) => current().queue.send(message, afterSeconds),
        waiting: () => current().queue.waiting(),
        deadLetters: () => current().queue.deadLetters(),
        redrive: (limit) => current().queue.redrive(limit),
      },
      feed: {
        changes: () => Promise.reject(new Error('the simulated host reads the store itself')),
        checkpoint: () => Promise.resolve(null),
        saveCheckpoint: () => Promise.resolve(),
      },
      clock: {
        now: () => toInstant(parts.scheduler.now + current().skewMilliseconds),
        sleep: () => Promise.reject(new Error('the service does not sleep')),
      },
      people: {
        authenticate: (token) =>
          Promise.resolve(token === PERSON_TOKEN ? { name: 'ada', role: 'Admin' } : null),
      },
      settings: {
        minimumAgentVersion: '2.23',
        steadyCheckInSeconds: parts.steadyCheckInSeconds,
        feedConsumers: CONSUMER_NAMES,
        healthSeconds: 0,
        version: VERSION,
      },
    });
  }

  /** The instance dies and another takes its place; `afterGates` passes first that many more. */
  kill(number: number, afterGates: number): void {
    const instance = this.instances[number % INSTANCES];
    if (instance === undefined) return;
    instance.process.gatesLeft = afterGates;
    instance.process.onDeath.add(() => this.#start(number % INSTANCES));
  }

  setSkew(number: number, milliseconds: number): void {
    const instance = this.instances[number % INSTANCES];
    if (instance !== undefined) instance.skewMilliseconds = milliseconds;
  }

  /** Runs a timer on some instance. A run that fails is logged and over, as in any host. */
  async runTimer(name: string): Promise<void> {
    const { handler } = required(registrations.timers.get(name));
    const timer = { isPastDue: false } as Timer;
    await this.#invoke(async (context) => {
      try {
        await handler(timer, context);
      } catch (error) {
        context.error(String(error));
      }
    });
  }

  /** Hands documents to a consumer of the change feed. Answers whether it took them. */
  async feed(name: string, documents: unknown[]): Promise<boolean> {
    const { handler } = required(registrations.feeds.get(name));
    return this.#took((context) => handler(documents, context));
  }

  /** Shows a message to the function of the queue. Answers whether it was handled. */
  async retry(name: string, message: unknown): Promise<boolean> {
    const { handler } = required(registrations.queues.get(name));
    return this.#took(async (context) => void (await handler(message, context)));
  }

  async #took(handle: (context: InvocationContext) => Promise<void>): Promise<boolean> {
    const outcome = await this.#invoke(async (context) => {
      try {
        await handle(context);
        return true;
      } catch (error) {
        context.error(String(error));
        return false;
      }
    });
    return outcome !== null && outcome !== 'died' && outcome.value;
  }

  /** The network, as `globalThis.fetch`. `around` may change the answer on its way. */
  fetchThrough(
    around: (answer: Answered) => Promise<Answered> = (answer) => Promise.resolve(answer),
  ): typeof globalThis.fetch {
    const { scheduler, weather } = this.#parts;
    const send = async (url: string, init: RequestInit): Promise<Answered> => {
      await scheduler.pass();
      if (weather.strikes('requestLost')) throw new TypeError('simulated: the request was lost');
      const outcome = await this.#invoke((context) => this.#answer(url, init, context));
      await scheduler.pass();
      if (outcome === null || outcome === 'died' || weather.strikes('answerLost')) {
        throw new TypeError('simulated: no answer');
      }
      return around(outcome.value);
    };
    return async (input, init) => {
      const { status, text, retryAfterSeconds } = await send(input as string, init ?? {});
      const headers = new Headers(retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {});
      return { status, headers, text: () => Promise.resolve(text) } as unknown as Response;
    };
  }

  #start(number: number): void {
    const { store, vault, queue, scheduler, weather } = this.#parts;
    const process = new Process(`instance ${number}`);
    const instance = {
      process,
      store: faultyStore(store, scheduler, weather),
      vault: faultyVault(vault, scheduler, weather),
      queue: faultyQueue(queue, scheduler, weather),
      skewMilliseconds: this.instances[number]?.skewMilliseconds ?? 0,
    };
    const before = this.instances[number]?.process;
    if (before !== undefined) this.#byProcess.delete(before);
    this.instances[number] = instance;
    this.#byProcess.set(process, instance);
  }

  #current(): Instance {
    return required(this.#byProcess.get(this.#parts.scheduler.process));
  }

  #invoke<T>(work: (context: InvocationContext) => Promise<T>): Promise<Outcome<T>> {
    const { scheduler } = this.#parts;
    const { process } = scheduler.chance.pick(this.instances);
    return scheduler.waitFor<Exclude<Outcome<T>, null>>((settle) => {
      const onDeath = (): void => settle('died');
      process.onDeath.add(onDeath);
      scheduler.spawn(process, async () => {
        const value = await work(this.#context());
        process.onDeath.delete(onDeath);
        settle({ value });
      });
    }, TIMEOUT_MILLISECONDS);
  }

  #context(): InvocationContext {
    const log = (line: unknown): void => this.#parts.onLog(String(line));
    return { info: log, warn: log, error: log, log } as unknown as InvocationContext;
  }

  async #answer(url: string, init: RequestInit, context: InvocationContext): Promise<Answered> {
    const { pathname, searchParams } = new URL(url);
    const path = pathname.replace(/^\/api\//, '');
    const { name, handler, params } = routed(init.method ?? 'GET', path);
    const body = Buffer.from(typeof init.body === 'string' ? init.body : '', 'utf8');
    const request = {
      params,
      query: searchParams,
      headers: new Headers(init.headers),
      arrayBuffer: () => Promise.resolve(body),
    } as unknown as HttpRequest;
    const response = (await handler(request, context)) as HttpResponseInit;
    const text =
      response.jsonBody === undefined ? ((response.body ?? '') as string) : JSON.stringify(response.jsonBody);
    const retryAfter = (response.headers as Record<string, string> | undefined)?.['Retry-After'];
    const status = response.status ?? 200;
    const answer = { operation: name, status, text, retryAfterSeconds: Number(retryAfter ?? 0) };
    this.#parts.onAnswer(answer);
    return answer;
  }
}

interface Route {
  readonly name: string;
  readonly method: string;
  readonly form: RegExp;
  readonly handler: (request: HttpRequest, context: InvocationContext) => unknown;
}

let routes: Route[] = [];

function routed(method: string, path: string): Route & { params: Record<string, string> } {
  if (routes.length === 0) {
    routes = [...registrations.http].map(([name, { methods, route, handler }]) => ({
      name,
      method: methods?.[0] ?? 'GET',
      form: new RegExp(`^${(route ?? name).replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
      handler,
    }));
  }
  for (const route of routes) {
    const match = route.method === method ? route.form.exec(path) : null;
    if (match !== null) return { ...route, params: { ...match.groups } };
  }
  throw new Error(`no function serves ${method} ${path}`);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the function is not registered');
  return value;
}
