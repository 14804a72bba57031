/** Keyturn's version, of service, agent and command line; the same as in package.json. */
export const VERSION = '3.0.0';
