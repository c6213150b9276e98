import { z } from "zod";
import { SOURCE_NAMES } from "../../core/alert.ts";
import { type Call, type Route, readQuery } from "../route.ts";

const PlanQuery = z.strictObject({ source: z.enum(SOURCE_NAMES).default("alertmanager") });

/** A webhook body in, the plan out. It has no effects, so a viewer may ask. */
export const planRoute: Route = {
  method: "post",
  path: "/plan",
  role: "viewer",
  async handle(desk, call: Call) {
    const { source } = readQuery(call, PlanQuery);
    return { json: await desk.plan(source, await call.body()) };
  },
};
