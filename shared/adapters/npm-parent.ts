// Ends with npm: `npm start` and `npm run` put a shell between npm and the program, which dies of a SIGTERM to npm without
// passing it on. What is then left behind would run on, unseen.

const LOOK_MILLISECONDS = 500;

/**
 * Calls `onGone` once the shell that npm started this process in is gone; never for a process that npm did not start.
 * Keeps nothing alive.
 */
export function whenNpmShellIsGone(
  environment: Readonly<Record<string, string | undefined>>,
  onGone: () => void,
): void {
  if (!environment['npm_lifecycle_event']) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MILLISECONDS);
  timer.unref();
}
