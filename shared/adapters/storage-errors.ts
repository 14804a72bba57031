// What goes wrong with Azure Storage, told apart: what is missing, what passes by itself, and everything else.

/** As the storage libraries throw it; each has a copy of the class of its own. */
interface Refusal extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly response?: { readonly headers: { get(name: string): string | undefined } };
}

/** Whether the service refused with that code. */
export function isRefusal(error: unknown, code: string): boolean {
  return error instanceof Error && error.name === 'RestError' && (error as Refusal).code === code;
}

/** No answer, one that broke off, or one that asks to come back: waiting may mend it. */
export function isPassing(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { name, statusCode: status, code = '' } = error as Refusal;
  if (name === 'AbortError') return true;
  if (name !== 'RestError') return LOST_CONNECTION.test(code);
  return (
    status === undefined || status === 408 || status === 429 || status >= 500 || code.endsWith('BeingDeleted')
  );
}

const LOST_CONNECTION = /^(?:E[A-Z]+|UND_ERR_\w+)$/;

/** When the service asks to come back; null when it does not say. */
export function retryAfterSeconds(error: Error): number | null {
  const wait = (error as Refusal).response?.headers.get('retry-after');
  return wait !== undefined && /^\d+$/.test(wait) ? Number(wait) : null;
}
