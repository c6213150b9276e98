import type { Config } from "../core/config.ts";
import type { Fault } from "../core/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment without empty variables: a container gets `NAME=` for what nobody has set. */
export function setVariables(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
}

/** What the environment says, checked; names are those of design section 9. Faults name the variable, never its value. */
export function readEnvironment(given: Environment): { value: Config["environment"]; faults: readonly Fault[] } {
  const environment = setVariables(given);
  const faults: Fault[] = [];
  const port = readPort(environment["PORT"], faults);
  const level = environment["LOG_LEVEL"] ?? "info";
  if (!["trace", "debug", "info", "warn", "error", "fatal", "silent"].includes(level)) {
    faults.push({ path: "LOG_LEVEL", message: "expected trace, debug, info, warn, error, fatal or silent" });
  }
  const slack = readSlack(environment, faults);
  const redisUrl = environment["REDIS_URL"];
  if (redisUrl !== undefined && !/^rediss?:\/\//.test(redisUrl))
    faults.push({ path: "REDIS_URL", message: "expected a redis:// or rediss:// URL" });
  const value = {
    port,
    playbooks: environment["STANCH_PLAYBOOKS"] ?? "playbooks",
    logLevel: level,
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(slack === undefined ? {} : { slack }),
  };
  return { value, faults };
}

function readPort(text: string | undefined, faults: Fault[]): number {
  if (text === undefined) return 8080;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  faults.push({ path: "PORT", message: "expected a port number from 0 to 65535" });
  return 8080;
}

function readSlack(environment: Environment, faults: Fault[]): Config["environment"]["slack"] {
  const botToken = environment["SLACK_BOT_TOKEN"];
  const signingSecret = environment["SLACK_SIGNING_SECRET"];
  const appToken = environment["SLACK_APP_TOKEN"];
  const apiUrl = environment["SLACK_API_URL"];
  if (botToken === undefined) {
    if (signingSecret !== undefined || appToken !== undefined)
      faults.push({ path: "SLACK_BOT_TOKEN", message: "is not set, but other Slack variables are" });
    return undefined;
  }
  if (signingSecret === undefined && appToken === undefined) {
    faults.push({
      path: "SLACK_SIGNING_SECRET",
      message: "is not set; buttons and commands need it, or SLACK_APP_TOKEN for Socket Mode",
    });
  }
  return {
    botToken,
    ...(signingSecret === undefined ? {} : { signingSecret }),
    ...(appToken === undefined ? {} : { appToken }),
    ...(apiUrl === undefined ? {} : { apiUrl }),
  };
}
