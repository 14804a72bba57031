// Spans of the functions' invocations. Each is a child of what the host hands over with it, or, where it works off what another
// call left behind, of that call: so a machine's check-in and the notification that comes of it are one trace. Without an SDK
// all of it does nothing. Attributes name groups, machines and problems; never a token, a body or a secret.
import {
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Span, SpanContext } from '@opentelemetry/api';

export const INSTRUMENTATION = 'keyturn';

/** What a function's host says of an invocation, as far as traces go. */
interface Invocation {
  readonly traceContext?:
    { readonly traceParent?: string | undefined; readonly traceState?: string | undefined } | undefined;
}

/**
 * Does an invocation's work within a span of that name.
 * @param causes `traceparent`s of what left this work behind. One alone becomes the parent; several become links.
 */
export function inInvocation<T>(
  name: string,
  { traceContext }: Invocation,
  causes: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const host = parseTraceParent(traceContext?.traceParent, traceContext?.traceState);
  const caused = [...new Set(causes)].map((each) => parseTraceParent(each)).filter((each) => each !== null);
  const [cause, ...more] = caused;
  const parent = cause !== undefined && more.length === 0 ? cause : host;
  const links = [host, ...caused].flatMap((each) =>
    each === null || each === parent ? [] : [{ context: each }],
  );
  const context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  return trace.getTracer(INSTRUMENTATION).startActiveSpan(name, { links }, context, async (span) => {
    try {
      return await work();
    } catch (error) {
      // Its message may quote what it could not read; the log has it, under this trace.
      failed(span, error instanceof Error ? error.name : 'unknown');
      throw error;
    } finally {
      span.end();
    }
  });
}

function failed(span: Span, type: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', type);
}

export interface Subject {
  readonly groupId?: string | undefined;
  readonly machineId?: string | undefined;
}

/** Names on the present span whom the call is about. */
export function nameSubject({ groupId, machineId }: Subject): void {
  const span = trace.getActiveSpan();
  if (groupId !== undefined) span?.setAttribute('keyturn.group.id', groupId);
  if (machineId !== undefined) span?.setAttribute('keyturn.machine.id', machineId);
}

/** The same of a batch of changes. */
export function nameGroups(groupIds: readonly string[]): void {
  const distinct = [...new Set(groupIds)];
  if (distinct.length === 1) nameSubject({ groupId: distinct[0] });
  else trace.getActiveSpan()?.setAttribute('keyturn.group.ids', distinct);
}

/** Notes on the present span how the call was refused; only what is the service's own doing makes it a failed one. */
export function nameProblem({ code, status }: { readonly code: string; readonly status: number }): void {
  const span = trace.getActiveSpan();
  span?.setAttribute('keyturn.problem.code', code);
  if (span !== undefined && status >= 500) failed(span, code);
}

/** Notes on the present span what the machine was told, by the policy that decided it. */
export function nameDecision(policy: string): void {
  trace.getActiveSpan()?.setAttribute('keyturn.check_in.policy', policy);
}

/** The present span as a W3C `traceparent`, for what is left to be done; null when nobody records it. */
export function presentTraceParent(): string | null {
  const span = trace.getActiveSpan();
  if (span === undefined || !span.isRecording()) return null;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** W3C Trace Context, level 2, section 3.2; null for what is none. */
function parseTraceParent(text: string | undefined, state?: string): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] = TRACE_PARENT.exec(text ?? '') ?? [];
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(state && { traceState: createTraceState(state) }),
  };
  return isSpanContextValid(context) ? context : null;
}
