// The module `@azure/functions-core`, which a Functions host gives to `@azure/functions`. Importing this
// file provides it to every `require` in the process and collects what is registered; import it before any
// file that registers functions. There is one registry a process, whichever copy of this file asks first.
import Module from 'node:module';
import type { FunctionCallback, FunctionMetadata, LogLevel, ProgrammingModel } from './rpc.ts';

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'] as const;
export type HookName = (typeof HOOK_NAMES)[number];
export type HookCallback = (context: object) => unknown;

/** All that the process's function files have registered. */
export interface FunctionRegistry {
  readonly functions: Map<string, RegisteredFunction>;
  readonly hooks: Record<HookName, HookCallback[]>;
  /** Shared by the application's hooks, as on the real host. */
  readonly appHookData: Record<string, unknown>;
  model: ProgrammingModel | null;
  /** Who listens to what the library itself logs. */
  readonly logListeners: Set<(level: LogLevel, category: string, message: string) => void>;
}

const MODULE_NAME = '@azure/functions-core';
const REGISTRY_KEY = Symbol.for('keyturn.functions-registry');

class Disposable {
  readonly #release: () => void;
  constructor(release: () => void) {
    this.#release = release;
  }
  static from(...disposables: { dispose: () => void }[]): Disposable {
    return new Disposable(() => {
      for (const each of disposables) each.dispose();
    });
  }
  dispose(): void {
    this.#release();
  }
}

function newRegistry(): FunctionRegistry {
  return {
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] },
    appHookData: {},
    model: null,
    logListeners: new Set(),
  };
}

/** A function is registered once: two of one name would leave it to chance which of them runs. */
function registerFunction(
  registry: FunctionRegistry,
  metadata: FunctionMetadata,
  callback: FunctionCallback,
) {
  if (registry.functions.has(metadata.name)) {
    throw new Error(`two functions are registered with the name "${metadata.name}"; rename one`);
  }
  const bindings = Object.fromEntries(
    Object.entries(metadata.bindings).map(([name, binding]) => [name, { ...binding, name }]),
  );
  registry.functions.set(metadata.name, { metadata: { ...metadata, bindings }, callback });
  return new Disposable(() => registry.functions.delete(metadata.name));
}

function registerHook(registry: FunctionRegistry, name: string, callback: HookCallback): Disposable {
  const known = HOOK_NAMES.find((each) => each === name);
  if (known === undefined) throw new RangeError(`unrecognized hook "${name}"`);
  const hooks = registry.hooks[known];
  hooks.push(callback);
  return new Disposable(() => {
    const index = hooks.indexOf(callback);
    if (index !== -1) hooks.splice(index, 1);
  });
}

/** The module's exports, as `@azure/functions` calls them. */
function coreModule(registry: FunctionRegistry): object {
  return {
    version: '4.0.0',
    hostVersion: '4.1000.0',
    Disposable,
    setProgrammingModel: (model: ProgrammingModel) => {
      registry.model = model;
    },
    getProgrammingModel: () => registry.model,
    registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
      registerFunction(registry, metadata, callback),
    registerHook: (name: string, callback: HookCallback) => registerHook(registry, name, callback),
    log: (level: LogLevel, category: string, message: string) => {
      for (const listener of registry.logListeners) listener(level, category, message);
    },
  };
}

type ModuleLoad = (request: string, ...rest: unknown[]) => unknown;

/** CommonJS's loader is the only door: the library asks for the module with a `require` of its own. */
function provide(exports: object): void {
  const loader = Module as unknown as { _load: ModuleLoad };
  const load = loader['_load'];
  loader['_load'] = function (this: unknown, request, ...rest) {
    return request === MODULE_NAME ? exports : load.call(this, request, ...rest);
  };
}

function install(): FunctionRegistry {
  const process = globalThis as { [REGISTRY_KEY]?: FunctionRegistry };
  const present = process[REGISTRY_KEY];
  if (present !== undefined) return present;
  const registry = newRegistry();
  process[REGISTRY_KEY] = registry;
  provide(coreModule(registry));
  return registry;
}

/** The process's registry. */
export const functionRegistry: FunctionRegistry = install();
