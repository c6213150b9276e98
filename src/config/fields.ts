import { z } from "zod";
import { parseDuration } from "../core/duration.ts";
import { messageOf } from "../core/errors.ts";
import { parseMatcher } from "../core/matcher.ts";

/** A duration in Prometheus's grammar, as milliseconds. */
export const Duration = z
  .string({ error: "expected a duration such as 30s, 15m or 1h30m" })
  .transform((text, context) => {
    try {
      return parseDuration(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  });

/** A duration of at least this one, as people write it: shorter ones would switch off what they are for. */
export function durationFrom(least: string) {
  return Duration.refine((length) => length >= parseDuration(least), `it must be at least ${least}`);
}

/** One Alertmanager matcher, compiled. */
export const MatcherText = z.string().transform((text, context) => {
  try {
    return parseMatcher(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: messageOf(error) });
    return z.NEVER;
  }
});

export const SeverityName = z.enum(["P0", "P1", "P2"]);
export const AutonomyName = z.enum(["observe", "approve", "auto"]);
export const Text = z.string().min(1, "expected some text");
/** A secret; a name that nothing fills in would be one that anybody can guess. */
export const Secret = z
  .string()
  .min(8, "expected a secret of at least 8 characters")
  .refine((text) => !/^\$[A-Z][A-Z0-9_]*$|\$\{\{/.test(text), {
    message: `this is not filled in; write \${env:NAME} or \${file:PATH}`,
  });

/** An absolute http(s) URL without credentials in it. */
export const Url = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    context.addIssue({ code: "custom", message: "expected an absolute http or https URL" });
  else if (url.username !== "" || url.password !== "")
    context.addIssue({ code: "custom", message: "no credentials in the URL; use headers" });
});

/** At most `runs` in any window of `per`. */
export const BudgetEntry = z.strictObject({ runs: z.int().min(1), per: durationFrom("1s") });
