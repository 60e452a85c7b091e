/** The environment of a program that calls nothing but this machine: a proxy that it were told of would get what it asks of a node's address. */

/** An environment without `HTTPS_PROXY`, `no_proxy` and their like, however they are written. */
export const withoutProxies = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([variable]) => !/_proxy$/i.test(variable)));
