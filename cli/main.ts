// `keyturn`: the agent on a machine, and people's commands.
import { runCli } from './program.ts';
import { processWorld } from './world.ts';

// Whoever reads our output, `head` say, has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), processWorld());
