// `keyturn` with one difference: at the step named in KILL_AT the process kills itself, as hard as can be.
import { runCli } from '../../cli/program.ts';
import { processWorld } from '../../cli/world.ts';

const killAt = process.env['KILL_AT'];

process.exitCode = await runCli(
  process.argv.slice(2),
  processWorld({
    observe: (step) => {
      if (step === killAt) process.kill(process.pid, 'SIGKILL');
    },
  }),
);
