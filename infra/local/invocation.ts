// Takes one invocation through the programming model of `@azure/functions`, hooks included, in the order
// of the real host. Counts invocations under way, so that stopping can wait for them.
import { randomUUID } from 'node:crypto';
import type { FunctionRegistry, HookName, RegisteredFunction } from './functions-core.ts';
import type { HostLog } from './host-log.ts';
import type {
  CoreInvocationContext,
  FunctionCallback,
  InvocationRequest,
  InvocationResponse,
  LogLevel,
  ProgrammingModel,
  TypedData,
} from './rpc.ts';

export interface Invoker {
  /**
   * Runs a function once and resolves with its response.
   * @throws what the function threw, or what a hook made of it.
   */
  invoke(
    fn: RegisteredFunction,
    input: TypedData,
    about?: Partial<Pick<InvocationRequest, 'retryContext' | 'traceContext' | 'triggerMetadata'>>,
  ): Promise<InvocationResponse>;

  /** Resolves when no invocation is under way. */
  idle(): Promise<void>;

  /** Calls `listener` after every invocation, failed ones included. */
  onFinished(listener: () => void): void;
}

/** The binding that triggers a function: the library refuses a function without one. */
export function triggerOf(fn: RegisteredFunction) {
  const trigger = Object.values(fn.metadata.bindings).find((binding) => /trigger$/i.test(binding.type));
  if (trigger === undefined) throw new Error(`function "${fn.metadata.name}" has no trigger`);
  return trigger;
}

/** Runs the hooks of one kind in the order they were registered. */
export async function runHooks(registry: FunctionRegistry, name: HookName, context: object): Promise<void> {
  for (const hook of registry.hooks[name]) await hook(context);
}

interface LogLine {
  readonly invocationContext?: object;
  readonly source: string;
  readonly category: string;
  readonly level: LogLevel;
  readonly message: string;
}

/** Log hooks may change a line's level and text, or silence it. */
function logThroughHooks(registry: FunctionRegistry, log: HostLog, line: LogLine): void {
  const entry = { ...line, hookData: {} };
  for (const hook of registry.hooks.log) hook(entry);
  if (entry.level !== 'none') log({ level: entry.level, source: line.source, message: entry.message });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`, { cause: thrown });
}

function modelOf(registry: FunctionRegistry): ProgrammingModel {
  if (registry.model !== null) return registry.model;
  throw new Error('no function is registered: functions-core.ts must be imported before the functions');
}

export function newInvoker(registry: FunctionRegistry, log: HostLog): Invoker {
  const model = modelOf(registry);
  const underWay = new Set<Promise<unknown>>();
  const listeners: (() => void)[] = [];

  async function run(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResponse> {
    const { invocationId } = request;
    const known: { invocationContext?: object } = {};
    const core: CoreInvocationContext = {
      invocationId,
      metadata: fn.metadata,
      request,
      state: undefined,
      log: (level, category, message) =>
        logThroughHooks(registry, log, {
          ...known,
          level,
          category,
          message,
          source: fn.metadata.name,
        }),
    };
    const invocation = model.getInvocationModel(core);
    const { context, inputs } = await invocation.getArguments();
    known.invocationContext = context;
    const shared = { hookData: {}, appHookData: registry.appHookData, invocationContext: context };

    core.state = 'preInvocationHooks';
    const before: { functionCallback: FunctionCallback; inputs: unknown[] } = {
      ...shared,
      functionCallback: fn.callback,
      inputs,
    };
    await runHooks(registry, 'preInvocation', before);

    core.state = 'invocation';
    const after: { inputs: unknown[]; result: unknown; error: unknown } = {
      ...shared,
      inputs: before.inputs,
      result: null,
      error: null,
    };
    try {
      after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = asError(error);
    }

    core.state = 'postInvocationHooks';
    await runHooks(registry, 'postInvocation', after);
    core.state = undefined;
    if (after.error !== null && after.error !== undefined) throw asError(after.error);
    return invocation.getResponse(context, after.result);
  }

  return {
    async invoke(fn, input, about = {}) {
      const work = run(fn, {
        invocationId: randomUUID(),
        inputData: [{ name: triggerOf(fn).name, data: input }],
        triggerMetadata: {},
        ...about,
      });
      underWay.add(work);
      try {
        return await work;
      } finally {
        underWay.delete(work);
        for (const listener of listeners) listener();
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    onFinished: (listener) => void listeners.push(listener),
  };
}
