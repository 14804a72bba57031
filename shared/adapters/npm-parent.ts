// What npm does to a program it starts, undone. It puts a shell between them, which dies of a SIGTERM to npm without passing it
// on: what is then left behind would run on, unseen. And it starts programs in the folder of package.json, wherever it was called.

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

/**
 * Where whoever started this process was: the folder that paths are relative to which they typed. `script` is the program's
 * name in package.json: what other scripts start was not typed by anybody.
 */
export function callersFolder(
  environment: Readonly<Record<string, string | undefined>>,
  script: string,
): string {
  const isStartedByNpm = environment['npm_lifecycle_event'] === script;
  return (isStartedByNpm && environment['INIT_CWD']) || process.cwd();
}
